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
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

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
        Assert.Contains("pg_dump here is only 15", tooOld.Message, StringComparison.Ordinal);
        Assert.Contains($"postgresql-client-{major}", tooOld.Hint, StringComparison.Ordinal);
        Assert.Contains("AI_SHELL_PG_BIN", tooOld.Hint, StringComparison.Ordinal);

        await using ISnapshot snapshot = await _engine.OpenSnapshotAsync(address, Options(BackupScope.DataOnly), default);
        IReadOnlyList<TableDigest> before = await _engine.DigestAsync(address, default);
        await server.RunAsync("postgres", "UPDATE account SET balance = 0");
        MemoryBackup backup = await MemoryBackup.WriteAsync(_engine, snapshot, Options(BackupScope.DataOnly));
        ReaderResult read = await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _scratch));

        Assert.Equal(before, backup.Contents.Tables);
        Assert.Equal(before, read.Tables);
        Assert.NotEqual(before, await _engine.DigestAsync(address, default));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(18)]
    public async Task A_backup_of_the_older_server_restores_to_the_newer_whole(int major)
    {
        await using PostgreSqlServer older = await PostgreSqlServer.StartAsync();
        await using PostgreSqlServer newer = await PostgreSqlServer.StartVersionAsync(BundledPostgreSql.BinariesOf(major));
        await older.RunAsync("postgres", $"{PortableSchema.Roles} CREATE DATABASE shop TEMPLATE template0");
        await older.RunAsync("shop", PortableSchema.Sql);
        await newer.RunAsync("postgres", PortableSchema.Roles);
        string expected = await older.RunAsync("shop", PortableSchema.Shape);
        Assert.True(expected.Split('\n').Length > 80, expected);
        foreach (BackupFormat format in (BackupFormat[])[BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv])
        {
            DatabaseAddress copy = newer.AddressOf($"shop {format}");
            MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, older.AddressOf("shop"), Options(BackupScope.All) with { Format = format });

            TargetState state = await _engine.InspectTargetAsync(copy, backup.Contents, Target(), default);
            Assert.Empty(state.Obstacles);
            Assert.Empty(state.Warnings);
            IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(_engine, copy, Target());

            Assert.Equal(backup.Contents.Tables, restored);
            Assert.Equal(await _engine.DigestAsync(older.AddressOf("shop"), default), await _engine.DigestAsync(copy, default));
            Assert.Equal(expected, await newer.RunAsync(copy.Database, PortableSchema.Shape));

            // Its tables again, into the database that stands.
            await newer.RunAsync(copy.Database, "UPDATE app.customer SET name = name || ' changed'; DELETE FROM app.paid");
            TargetOptions tables = Target() with { Tables = new TableFilter(["app.customer", "app.paid"], []), IntoExisting = true, Replace = true };
            await backup.RestoreAsync(_engine, copy, tables);
            Assert.Equal(await _engine.DigestAsync(older.AddressOf("shop"), default), await _engine.DigestAsync(copy, default));
            Assert.Equal(expected, await newer.RunAsync(copy.Database, PortableSchema.Shape));
        }
    }

    [Fact]
    public async Task Rows_of_a_newer_server_go_to_an_older_one_only_with_consent()
    {
        await using PostgreSqlServer older = await PostgreSqlServer.StartAsync();
        await using PostgreSqlServer newer = await PostgreSqlServer.StartVersionAsync(BundledPostgreSql.BinariesOf(18));
        const string Table = "CREATE TABLE t(id int PRIMARY KEY, at timestamptz, n numeric, raw bytea);";
        await newer.RunAsync("postgres", $"{Table} INSERT INTO t SELECT i, 'infinity', i / 7.0, decode(md5(i::text), 'hex') FROM generate_series(1, 500) i");
        await older.RunAsync("postgres", Table);
        DatabaseAddress target = older.AddressOf("postgres");
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, newer.AddressOf("postgres"), Options(BackupScope.DataOnly));

        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, target, Target() with { IntoExisting = true }));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains("PostgreSQL 18.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("older 15.", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--force", refused.Hint, StringComparison.Ordinal);
        Assert.Equal("0", await older.RunAsync("postgres", "SELECT count(*) FROM t"));

        TargetOptions forced = Target() with { IntoExisting = true, IntoOlder = true };
        Assert.Contains((await _engine.InspectTargetAsync(target, backup.Contents, forced, default)).Warnings, warning => warning.Contains("older 15.", StringComparison.Ordinal));
        await backup.RestoreAsync(_engine, target, forced);
        Assert.Equal(await _engine.DigestAsync(newer.AddressOf("postgres"), default), await _engine.DigestAsync(target, default));
    }

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: false, 3, _scratch, TimeSpan.FromSeconds(5));

    private SnapshotOptions Options(BackupScope scope) =>
        new(BackupFormat.Sql, scope, TableFilter.Everything, 3, _scratch, 4096, TimeSpan.FromSeconds(5));
}
