using System.Runtime.Versioning;

namespace AiShell.EndToEndTests;

/// <summary>Rows with values of 200 MB, which are up to 400 MB as text, go through a process that never holds 256 MiB.</summary>
[SupportedOSPlatform("linux")]
public sealed class MySqlMemoryTests : MySqlSuite
{
    // The texts have what every format must escape; neighbours are small and stand between.
    private const string Wide =
        """
        CREATE TABLE wide(id int PRIMARY KEY, note longtext, raw longblob, tail text);
        INSERT INTO wide VALUES (1, 'first', NULL, 'a');
        INSERT INTO wide VALUES (2, repeat('sixteen, "bytes"\n and \\ more\t', 7000000), NULL, 'b');
        INSERT INTO wide VALUES (3, NULL, repeat(x'00ff5c0a22', 40000000), 'c');
        INSERT INTO wide VALUES (4, '', '', NULL);
        """;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Server.RunAsync("", "SET GLOBAL max_allowed_packet = 1073741824, GLOBAL innodb_log_file_size = 1073741824");
        await CreateAsync("shop", Wide);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
    }

    [Theory]
    [InlineData("sql")]
    [InlineData("json")]
    [InlineData("csv")]
    public Task Values_of_200_MB_go_through_less_than_256_MiB(string format) => PeakMemory.ShopStaysSmallAsync(Shell, format, FingerprintAsync);

    [Fact]
    public async Task Rows_of_200_MB_are_inserted_by_less_than_256_MiB_where_the_server_is_given_no_files()
    {
        const string Table = "CREATE TABLE wide(id int PRIMARY KEY, note longtext, raw longblob, tail text)";
        string content = await FingerprintAsync("shop");
        string loads = await LoadsAsync();
        foreach ((string local, string table, string[] scope) in new[] { ("OFF", "", Array.Empty<string>()), ("ON", Table, ["--data-only"]) })
        {
            await Server.RunAsync("", $"SET GLOBAL local_infile = {local}");
            await CreateAsync("copy", table);
            await Shell.ExpectAsync(null, ["backup", "create", "-d", "shop", "-c", "zstd", "--level", "1", .. scope]);

            await PeakMemory.StaysSmallAsync(Shell, "backup", "restore", "latest", "-d", "shop/copy", "--force", "--jobs", "2");

            Assert.Equal(content, await FingerprintAsync("copy"));
        }

        Assert.Equal(loads, await LoadsAsync());
    }

    private Task<string> LoadsAsync() => Server.RunAsync("", "SHOW GLOBAL STATUS LIKE 'Com_load'");

    private Task<string> FingerprintAsync(string database) =>
        Server.RunAsync(database, "SELECT id, length(note), md5(note), length(raw), md5(raw), tail FROM wide ORDER BY 1");
}
