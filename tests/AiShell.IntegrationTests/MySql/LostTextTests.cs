using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Labels and defaults that the server does not show as they are, because its definitions are UTF-8 of three bytes a character.</summary>
public sealed class LostTextTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const string Tables =
        """
        CREATE TABLE labels(id int PRIMARY KEY,
            a enum(x'FF', x'FE41', 'é', '?', x'F09F9982') CHARACTER SET binary DEFAULT x'FE41', b set(x'FF', x'4127', x'00C3', '?') CHARACTER SET binary NOT NULL DEFAULT x'FF2C00C3',
            c enum(x'F040', x'F041', 'b?') CHARACTER SET sjis DEFAULT x'F041', d set('🙂', 'é?') CHARACTER SET utf16 DEFAULT '🙂,é?', e enum('é?', 'x') CHARACTER SET latin1 DEFAULT 'é?',
            g enum(x'FF', 'a') CHARACTER SET binary AS (IF(id > 2, x'FF', 'a')) STORED);
        INSERT INTO labels(id, a, b, c, d, e) VALUES (1, 1, 1, 1, 1, 1), (2, 2, 2, 2, 2, 2), (3, 3, 7, 3, 3, 1), (4, 4, 8, 3, 3, 2), (5, 5, 15, NULL, 0, NULL);
        CREATE TABLE defaults(id int PRIMARY KEY,
            a varbinary(10) DEFAULT x'FF005C27', b binary(3) DEFAULT x'FE', c varbinary(10) DEFAULT '?é', d varchar(9) CHARACTER SET sjis DEFAULT x'F040', e varchar(9) CHARACTER SET latin1 DEFAULT 'é?',
            f varchar(9) CHARACTER SET utf8mb4 DEFAULT '🙂?', g varbinary(9) DEFAULT x'EFBFBD', h text CHARACTER SET utf8mb4 DEFAULT '🙂?', i blob DEFAULT x'FF', j varchar(9) DEFAULT (concat('é', '?')) COMMENT '?''?');
        INSERT INTO defaults(id) VALUES (1);
        """;

    [Fact]
    public async Task Labels_of_any_bytes_come_back_with_their_rows_and_so_do_defaults()
    {
        DatabaseAddress source = await CreateAsync(Tables);
        foreach (BackupFormat format in (BackupFormat[])[BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv])
        {
            MemoryBackup backup = await BackUpAsync(source, Options(format));
            DatabaseAddress copy = await CreateAsync("");
            await backup.RestoreAsync(Engine, copy, new TargetOptions(TableFilter.Everything, IntoExisting: false, Replace: true, 2, Scratch, TimeSpan.FromSeconds(20)));

            await RequireSameAsync(source.Database, copy.Database);
        }

        await RequireSameAsync(source.Database, await RestoreByClientAsync(await BackUpAsync(source)));
    }

    private async Task RequireSameAsync(string source, string copy)
    {
        Assert.Equal(await ContentAsync(source), await ContentAsync(copy));
        Assert.Equal(await ChecksumsAsync(source, "BASE TABLE"), await ChecksumsAsync(copy, "BASE TABLE"));
    }

    /// <summary>Bytes and numbers of all values, of a row made of defaults too.</summary>
    private Task<string> ContentAsync(string database) => Server.RunAsync(
        database,
        """
        SHOW CREATE TABLE labels; SHOW CREATE TABLE defaults; START TRANSACTION; INSERT INTO labels(id) VALUES (100); INSERT INTO defaults(id) VALUES (100);
        SELECT id, HEX(a), a + 0, HEX(b), b + 0, HEX(c), c + 0, HEX(d), d + 0, HEX(e), e + 0, HEX(g), g + 0 FROM labels ORDER BY id;
        SELECT id, HEX(a), HEX(b), HEX(c), HEX(d), HEX(e), HEX(f), HEX(g), HEX(h), HEX(i), HEX(j) FROM defaults ORDER BY id;
        ROLLBACK
        """);
}
