using System.Runtime.Versioning;

namespace AiShell.EndToEndTests;

/// <summary>A database with more large objects than there is memory for what makes each of them.</summary>
[SupportedOSPlatform("linux")]
public sealed class PostgreSqlLargeObjectTests : PostgreSqlSuite
{
    [Fact]
    public async Task Very_many_of_them_go_through_less_than_256_MiB()
    {
        // As lo_create writes them, which would take long for so many.
        await CreateAsync(
            "shop",
            """
            CREATE ROLE app; SET allow_system_table_mods = on;
            INSERT INTO pg_largeobject_metadata(oid, lomowner) SELECT 100000 + i, 'app'::regrole FROM generate_series(1, 450000) i;
            """);

        await PeakMemory.StaysSmallAsync(Shell, "backup", "create", "-d", Url("shop"), "-c", "zstd", "--level", "1");

        string plan = await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", Url("shop"), "--dry-run");
        Assert.Contains("Replaces: 450000 large objects\n", plan, StringComparison.Ordinal);
    }
}
