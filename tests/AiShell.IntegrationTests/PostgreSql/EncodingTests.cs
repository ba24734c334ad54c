using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Databases in other encodings than UTF-8, and such that take any bytes.</summary>
public sealed class EncodingTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private const string AnyBytes = "SQL_ASCII";

    private readonly AiShell.Engines.PostgreSql.PostgreSqlEngine _engine = new();
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Theory]
    [InlineData("LATIN1", BackupFormat.Sql)]
    [InlineData("LATIN1", BackupFormat.Json)]
    [InlineData("LATIN1", BackupFormat.Csv)]
    [InlineData("EUC_JP", BackupFormat.Sql)]
    [InlineData("WIN1252", BackupFormat.Csv)]
    public async Task A_database_in_another_encoding_comes_back_in_it(string encoding, BackupFormat format)
    {
        string text = encoding == "EUC_JP" ? "日本語" : "Zoë ±½";
        DatabaseAddress source = await CreateAsync(encoding, $"""
            CREATE TABLE "{text}"(id int PRIMARY KEY, "n{text}" text DEFAULT '{text}');
            INSERT INTO "{text}" VALUES (1, '{text}'), (2, repeat('{text}', 20000));
            COMMENT ON TABLE "{text}" IS '{text}';
            CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '{text}' $$;
            """);

        MemoryBackup backup = await RoundTripAsync(source, format);

        Assert.Contains(text, backup.Contents.Tables.Single().Table.Name, StringComparison.Ordinal);
        Assert.Equal(encoding, await shared.Server.RunAsync($"{source.Database} copy", "SHOW server_encoding"));
        Assert.Equal($"{text}|{text}", await shared.Server.RunAsync($"{source.Database} copy", $"SET client_encoding = 'UTF8'; SELECT f(), \"n{text}\" FROM \"{text}\" WHERE id = 1"));
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_come_back_the_same()
    {
        DatabaseAddress source = await CreateBytesAsync();

        MemoryBackup backup = await RoundTripAsync(source, BackupFormat.Sql);

        const string AsHex = "SELECT string_agg(encode(textsend(b), 'hex'), ',' ORDER BY a) FROM t";
        Assert.Equal("e9,7a6fc3ab,ff09fe0a5c", await shared.Server.RunAsync($"{source.Database} copy", AsHex));

        await shared.Server.RunAsync("postgres", $"CREATE DATABASE \"{source.Database} psql\" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
        await shared.Server.RunAsync($"{source.Database} psql", backup.Plain);
        Assert.Equal("e9,7a6fc3ab,ff09fe0a5c", await shared.Server.RunAsync($"{source.Database} psql", AsHex));
    }

    [Theory]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task Formats_that_must_be_UTF_8_refuse_other_bytes_and_name_the_column(BackupFormat format)
    {
        DatabaseAddress source = await CreateBytesAsync();
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MemoryBackup.MakeAsync(_engine, source, Options(format)));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("Column 'b' of table 'public.t'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--format sql", failure.Hint, StringComparison.Ordinal);

        await shared.Server.RunAsync(source.Database, "DELETE FROM t WHERE a <> 2; INSERT INTO t VALUES (9, repeat(E'\\303\\251', 300000), 'x')");
        await RoundTripAsync(source, format);
    }

    [Fact]
    public async Task A_definition_that_is_not_UTF_8_is_refused_and_shown()
    {
        DatabaseAddress source = await CreateAsync(AnyBytes, "CREATE TABLE t(a int); COMMENT ON TABLE t IS E'caf\\351'");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MemoryBackup.MakeAsync(_engine, source, Options(BackupFormat.Sql)));
        Assert.Contains("is not UTF-8", failure.Message, StringComparison.Ordinal);
        Assert.Contains("caf", failure.Message, StringComparison.Ordinal);
        Assert.Contains(AnyBytes, failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_that_the_targets_encoding_does_not_have_leave_it_as_it_was()
    {
        DatabaseAddress source = await CreateAsync("UTF8", "CREATE TABLE t(a text); INSERT INTO t VALUES ('日本')");
        DatabaseAddress target = await CreateAsync("LATIN1", "CREATE TABLE t(a text); INSERT INTO t VALUES ('old')");
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(BackupFormat.Sql));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, target, Target() with { IntoExisting = true, Replace = true }));
        Assert.Contains("LATIN1", failure.Message, StringComparison.Ordinal);
        Assert.Equal("old", await shared.Server.RunAsync(target.Database, "SELECT a FROM t"));
    }

    private async Task<MemoryBackup> RoundTripAsync(DatabaseAddress source, BackupFormat format)
    {
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(format));
        IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(_engine, shared.Server.AddressOf($"{source.Database} copy"), Target());
        Assert.Equal(backup.Contents.Tables, restored);
        Assert.Equal(await _engine.DigestAsync(source, default), restored);
        Assert.Equal(backup.Contents.Tables, (await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _scratch))).Tables);
        Assert.Equal(await shared.Server.DumpAsync(source.Database), await shared.Server.DumpAsync($"{source.Database} copy"));
        return backup;
    }

    private Task<DatabaseAddress> CreateBytesAsync() => CreateAsync(
        AnyBytes, "CREATE TABLE t(a int PRIMARY KEY, b text, c text); INSERT INTO t VALUES (1, E'\\351', 'x'), (2, E'zo\\303\\253', NULL), (3, E'\\377\\t\\376\\n\\\\', 'y')");

    private async Task<DatabaseAddress> CreateAsync(string encoding, string script)
    {
        string name = $"enc {Guid.NewGuid():n}"[..16];
        await shared.Server.RunAsync("postgres", $"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'");
        await shared.Server.RunAsync(name, $"SET client_encoding = '{(encoding == AnyBytes ? AnyBytes : "UTF8")}';\n{script}");
        return shared.Server.AddressOf(name);
    }

    private SnapshotOptions Options(BackupFormat format) => new(format, BackupScope.All, TableFilter.Everything, 2, _scratch, 1 << 20, TimeSpan.FromSeconds(5));

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: false, 2, _scratch, TimeSpan.FromSeconds(5));
}
