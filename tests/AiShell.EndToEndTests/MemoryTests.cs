using System.Runtime.Versioning;

namespace AiShell.EndToEndTests;

/// <summary>Memory does not grow with the database: 300 MB of it go through a process that never holds 256 MiB.</summary>
[SupportedOSPlatform("linux")]
public sealed class MemoryTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("native", "zstd")]
    [InlineData("sql", "zstd")]
    public async Task Backup_deep_verification_and_restore_of_a_big_database_stay_below_256_MiB(string format, string compression)
    {
        string big = _shell.PathOf("big.db");
        await Shell.SqliteAsync(
            big,
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
            CREATE TABLE small(id INTEGER PRIMARY KEY, a TEXT, b REAL);
            CREATE INDEX by_b ON small(b);
            CREATE TABLE large(x BLOB);
            WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) INSERT INTO small SELECT i, 'a text of some length that is like others ' || i, i * 0.5 FROM n;
            WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 130) INSERT INTO large SELECT randomblob(1000) || zeroblob(1999000) FROM n;
            """);
        Assert.True(new FileInfo(big).Length > 270_000_000);

        await StaysSmallAsync("backup", "create", "-d", big, "--format", format, "-c", compression, "--jobs", "2");
        await StaysSmallAsync("backup", "verify", "latest", "--deep", "--jobs", "2");
        await StaysSmallAsync("backup", "restore", "latest", "-d", _shell.PathOf("copy.db"), "--jobs", "2");
        Assert.Equal("400000|130", await Shell.SqliteAsync(_shell.PathOf("copy.db"), "SELECT (SELECT count(*) FROM small), (SELECT count(*) FROM large)"));
    }

    private Task StaysSmallAsync(params string[] arguments) => PeakMemory.StaysSmallAsync(_shell, arguments);
}
