using System.Runtime.Versioning;

namespace AiShell.EndToEndTests;

/// <summary>Rows with values of 200 MB, which are up to 400 MB as text, go through a process that never holds 256 MiB.</summary>
[SupportedOSPlatform("linux")]
public sealed class PostgreSqlMemoryTests : PostgreSqlSuite
{
    // Of each: 200 MB. The texts have what every format must escape; neighbours are small and stand between.
    private const string Wide =
        """
        CREATE TABLE wide(id int PRIMARY KEY, note text, raw bytea, tail text);
        ALTER TABLE wide ALTER note SET STORAGE EXTERNAL, ALTER raw SET STORAGE EXTERNAL;
        INSERT INTO wide VALUES (1, 'first', NULL, 'a');
        INSERT INTO wide VALUES (2, repeat(E'sixteen, "bytes"\n and \\ more\t', 7000000), NULL, 'b');
        INSERT INTO wide VALUES (3, NULL, decode(repeat('00ff5c0a22', 40000000), 'hex'), 'c');
        INSERT INTO wide VALUES (4, '', '', NULL);
        """;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync("shop", Wide);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
    }

    [Theory]
    [InlineData("sql")]
    [InlineData("json")]
    [InlineData("csv")]
    public Task Values_of_200_MB_go_through_less_than_256_MiB(string format) => PeakMemory.ShopStaysSmallAsync(Shell, format, FingerprintAsync);

    private Task<string> FingerprintAsync(string database) =>
        Server.RunAsync(database, "SELECT id, length(note), md5(note), length(raw), md5(raw), tail FROM wide ORDER BY 1");
}
