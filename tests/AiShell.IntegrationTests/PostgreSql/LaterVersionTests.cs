using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>PostgreSQL 16, 17 and 18, with a pg_dump of 15 only: what needs none works, what needs a newer one says which.</summary>
public sealed class LaterVersionTests : IDisposable
{
    private readonly PostgreSqlEngine _engine = new();
    private readonly string _scratch = Directory.CreateTempSubdirectory("ai-shell-pg-scratch-").FullName;

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public async Task Rows_are_read_in_one_moment_and_a_pg_dump_that_is_too_old_names_the_package(int major)
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartVersionAsync(BundledPostgreSql.BinariesOf(major));
        DatabaseAddress address = server.AddressOf("postgres");
        await server.RunAsync(
            "postgres",
            "CREATE TABLE account AS SELECT i AS id, 100 AS balance FROM generate_series(1, 3000) i; CREATE SEQUENCE s; SELECT nextval('s'); SELECT lo_from_bytea(7, 'x')");

        Assert.StartsWith($"{major}.", (await _engine.ProbeAsync(address, default)).Version, StringComparison.Ordinal);
        AiShellException tooOld = await Assert.ThrowsAsync<AiShellException>(() => _engine.OpenSnapshotAsync(address, Options(BackupScope.All), default));
        Assert.Contains($"PostgreSQL {major}", tooOld.Message, StringComparison.Ordinal);
        Assert.Contains($"postgresql-client-{major}", tooOld.Hint, StringComparison.Ordinal);

        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(address, Options(BackupScope.DataOnly), default);
        IReadOnlyList<TableDigest> before = await _engine.DigestAsync(address, default);
        await server.RunAsync("postgres", "UPDATE account SET balance = 0");
        MemoryBackup backup = await MemoryBackup.WriteAsync(_engine, snapshot, Options(BackupScope.DataOnly));
        ReaderResult read = await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _scratch));

        Assert.Equal(before, backup.Contents.Tables);
        Assert.Equal(before, read.Tables);
        Assert.NotEqual(before, await _engine.DigestAsync(address, default));
    }

    private SnapshotOptions Options(BackupScope scope) =>
        new(BackupFormat.Sql, scope, TableFilter.Everything, 3, _scratch, 4096, TimeSpan.FromSeconds(5));
}
