using System.Globalization;
using System.Text.RegularExpressions;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Databases of very many small tables: they are locked together, so that the server's room for locks is what limits them.</summary>
public sealed class ManyTablesTests : IDisposable
{
    private readonly PostgreSqlEngine _engine = new();
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    [Fact]
    public async Task Ten_thousand_tables_come_back_with_their_indexes_and_foreign_keys()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync("max_locks_per_transaction = 256");
        DatabaseAddress source = await MakeAsync(server, 10_000);
        DatabaseAddress copy = server.AddressOf("copy");

        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(BackupScope.All));
        IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(_engine, copy, Target());

        Assert.Equal(10_001, backup.Contents.Tables.Count);
        Assert.Equal(backup.Contents.Tables, restored);
        Assert.Equal(await ShapeAsync(server, source), await ShapeAsync(server, copy));
        ReaderResult read = await backup.ReadAsync(_engine, new ReaderOptions(2, 0, _scratch));
        Assert.Equal(backup.Contents.Tables, read.Tables);
    }

    [Fact]
    public async Task A_server_without_room_for_the_locks_is_left_alone_and_the_setting_that_it_needs_is_named()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync("max_locks_per_transaction = 10", "max_connections = 20");
        DatabaseAddress source = await MakeAsync(server, 250);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _engine.OpenSnapshotAsync(source, Options(BackupScope.All), default));
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("251 tables", failure.Message, StringComparison.Ordinal);
        Assert.Contains("room for 200 locks", failure.Message, StringComparison.Ordinal);
        string setting = Regex.Match(failure.Hint!, "max_locks_per_transaction = (\\d+)").Value;
        Assert.Contains((await _engine.ProbeAsync(source, default)).Limits, limit => limit.Contains(setting, StringComparison.Ordinal));

        // Rows of a few tables need few locks.
        SnapshotOptions few = Options(BackupScope.DataOnly) with { Tables = new TableFilter(["t1*"], []) };
        await using (await _engine.OpenSnapshotAsync(source, few, default))
        {
        }

        await File.AppendAllLinesAsync(Path.Combine(server.DataFolder, "postgresql.conf"), [setting]);
        await server.ControlAsync("restart", "-w");
        Assert.Equal(251, (await MemoryBackup.MakeAsync(_engine, source, Options(BackupScope.All))).Contents.Tables.Count);
    }

    [Fact]
    public async Task A_restore_into_a_database_that_stands_names_the_setting_when_the_locks_run_out()
    {
        await using PostgreSqlServer server = await PostgreSqlServer.StartAsync("max_locks_per_transaction = 10", "max_connections = 20");
        DatabaseAddress small = await MakeAsync(server, 150);
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, small, Options(BackupScope.All));
        string before = await server.DumpAsync(small.Database);

        // Each table is made again, with its index and what is stored out of line: four locks.
        await server.RunAsync(small.Database, "DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('ALTER TABLE t%s ADD COLUMN more text', i); COMMIT; END LOOP; END $$");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, small, Target() with { IntoExisting = true, Replace = true }));

        Assert.Contains("no room for more locks", failure.Message, StringComparison.Ordinal);
        Assert.Contains("max_locks_per_transaction", failure.Hint, StringComparison.Ordinal);
        await backup.RestoreAsync(_engine, small, Target() with { Replace = true });
        Assert.Equal(before, await server.DumpAsync(small.Database));
    }

    /// <summary>Tables of three rows: each tenth has a primary key, each twentieth refers to one that all share.</summary>
    private static async Task<DatabaseAddress> MakeAsync(PostgreSqlServer server, int tables)
    {
        await server.RunAsync("postgres", "CREATE DATABASE many TEMPLATE template0");
        await server.RunAsync("many", string.Create(
            CultureInfo.InvariantCulture,
            $"""
            CREATE TABLE parent(id int PRIMARY KEY, name text); INSERT INTO parent SELECT i, 'p' || i FROM generate_series(1, 100) i;
            DO $$ BEGIN
              FOR i IN 1..{tables} LOOP
                EXECUTE format('CREATE TABLE t%s AS SELECT g AS id, g AS parent, ''n'' || g + {tables} AS name FROM generate_series(1, 3) g', i);
                IF i % 10 = 0 THEN EXECUTE format('ALTER TABLE t%s ADD PRIMARY KEY (id)', i); END IF;
                IF i % 20 = 0 THEN EXECUTE format('ALTER TABLE t%s ADD FOREIGN KEY (parent) REFERENCES parent', i); END IF;
                IF i % 20 = 0 THEN COMMIT; END IF;
              END LOOP;
            END $$;
            """));
        return server.AddressOf("many");
    }

    private static Task<string> ShapeAsync(PostgreSqlServer server, DatabaseAddress database) => server.RunAsync(
        database.Database,
        """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum;
        SELECT conrelid::regclass::text, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2;
        """);

    private SnapshotOptions Options(BackupScope scope) => new(BackupFormat.Sql, scope, TableFilter.Everything, 2, _scratch, 64 << 20, TimeSpan.FromSeconds(10));

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: false, 2, _scratch, TimeSpan.FromSeconds(10));
}
