using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>What a backup keeps is what pg_dump keeps: the judge is the stock pg_dump of both sides.</summary>
public sealed class RoundTripTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime
{
    private readonly PostgreSqlEngine _engine = new();
    private readonly string _scratch = FastFolder.Create("ai-shell-pg-scratch-");

    private PostgreSqlServer Server => shared.Server;

    public async Task InitializeAsync()
    {
        await Server.InstallExtensionAsync("ai_shell_test", RichSchema.ExtensionControl, RichSchema.ExtensionScript);
        await Server.RunAsync("postgres", RichSchema.Roles);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_scratch, recursive: true);
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(1, 64 << 20)]
    [InlineData(3, 4096)]
    public async Task Everything_that_pg_dump_keeps_is_kept(int workers, int partBytes)
    {
        DatabaseAddress source = await CreateRichAsync($"rich {workers}");
        DatabaseAddress copy = Server.AddressOf($"Copy of \"rich\" {workers} ä");

        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(workers: workers, partBytes: partBytes));
        IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(_engine, copy, Target());

        await AssertSameAsync(source, copy);
        Assert.Equal(backup.Contents.Tables.OrderBy(digest => digest.Table), restored);
    }

    [Theory]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task The_other_formats_keep_as_much(BackupFormat format)
    {
        DatabaseAddress source = await CreateRichAsync($"rich {format}");
        DatabaseAddress copy = Server.AddressOf($"copy of rich {format}");

        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(workers: 3) with { Format = format });
        IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(_engine, copy, Target());

        await AssertSameAsync(source, copy);
        Assert.Equal(backup.Contents.Tables.OrderBy(digest => digest.Table), restored);
    }

    [Fact]
    public async Task The_plain_parts_are_a_script_that_psql_restores_without_an_error()
    {
        DatabaseAddress source = await CreateRichAsync("rich for psql");
        DatabaseAddress copy = Server.AddressOf("by psql");
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(workers: 2, partBytes: 4096));

        await Server.RunAsync("postgres", "CREATE DATABASE \"by psql\" TEMPLATE template0");
        await Server.RunAsync(copy.Database, System.Text.Encoding.UTF8.GetString(backup.Plain));

        await AssertSameAsync(source, copy);
    }

    [Fact]
    public async Task The_parts_alone_give_the_fingerprints_of_the_database()
    {
        DatabaseAddress source = await CreateRichAsync("rich to read");
        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options(workers: 2, partBytes: 4096));

        ReaderResult read = await backup.ReadAsync(_engine, new ReaderOptions(2, 2, _scratch));

        Assert.Equal((await _engine.DigestAsync(source, default)).Where(digest => digest.Fingerprint.Rows > 0), read.Tables.Where(digest => digest.Fingerprint.Rows > 0));
        Assert.Equal(backup.Contents.Tables, read.Tables);
        Assert.Empty(await _engine.FindDifferencesAsync(source, read.Sample, default));
    }

    [Fact]
    public async Task A_public_schema_that_was_dropped_stays_so()
    {
        await Server.RunAsync("postgres", "CREATE DATABASE no_public TEMPLATE template0");
        await Server.RunAsync("no_public", "DROP SCHEMA public; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS x");
        DatabaseAddress source = Server.AddressOf("no_public");
        DatabaseAddress copy = Server.AddressOf("no_public_copy");

        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, source, Options());
        await backup.RestoreAsync(_engine, copy, Target());

        Assert.Equal("s", await Server.RunAsync("no_public_copy", "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"));
        await AssertSameAsync(source, copy);
    }

    [Fact]
    public async Task A_database_without_tables_is_backed_up_and_restored()
    {
        await Server.RunAsync("postgres", "CREATE DATABASE nothing TEMPLATE template0");
        DatabaseAddress copy = Server.AddressOf("nothing_copy");

        MemoryBackup backup = await MemoryBackup.MakeAsync(_engine, Server.AddressOf("nothing"), Options());
        await backup.RestoreAsync(_engine, copy, Target());

        Assert.Empty(backup.Contents.Tables);
        await AssertSameAsync(Server.AddressOf("nothing"), copy);
    }

    private async Task<DatabaseAddress> CreateRichAsync(string name)
    {
        await Server.RunAsync("postgres", $"CREATE DATABASE \"{name}\" TEMPLATE template0");
        await Server.RunAsync(name, RichSchema.Sql);
        return Server.AddressOf(name);
    }

    private async Task AssertSameAsync(DatabaseAddress source, DatabaseAddress copy)
    {
        Assert.Equal(await Server.DumpAsync(source.Database, "--schema-only"), await Server.DumpAsync(copy.Database, "--schema-only"));
        Assert.Equal(Sorted(await Server.DumpAsync(source.Database)), Sorted(await Server.DumpAsync(copy.Database)));
        Assert.Equal(await _engine.DigestAsync(source, default), await _engine.DigestAsync(copy, default));
    }

    /// <summary>Rows that were loaded by several workers lie in another order.</summary>
    private static IEnumerable<string> Sorted(string dump) => dump.Split('\n').Order(StringComparer.Ordinal);

    private SnapshotOptions Options(int workers = 2, int partBytes = 4096) =>
        new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, workers, _scratch, partBytes, TimeSpan.FromSeconds(5));

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: false, 3, _scratch, TimeSpan.FromSeconds(5));
}
