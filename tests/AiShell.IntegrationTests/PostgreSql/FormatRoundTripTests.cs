using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Values that a format could change, back and forth through a real server in each format.</summary>
public sealed class FormatRoundTripTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime
{
    private const string HardDatabase =
        """
        CREATE SCHEMA "odd "" schema";
        CREATE DOMAIN price AS numeric CHECK (VALUE <> 13);
        CREATE TYPE mood AS ENUM ('sad', 'he said "so"', 'a,b');
        CREATE TYPE pair AS (x int, y text);
        CREATE TABLE "odd "" schema"."line
        break,\"(
          "id" bigint PRIMARY KEY, "ID" int, "a,b" text, "tab	" text, "new
        line" text, "quote""s" mood, " " price, "{""j"": 1}" json, b jsonb, f4 real, f8 double precision, n numeric, flag boolean, raw bytea, ts timestamptz, d date,
          i interval, arr text[], nested int[], pairs pair[], r int4range, padded char(6), ip inet, bits bit varying, gen text GENERATED ALWAYS AS ('g' || "ID") STORED);
        INSERT INTO "odd "" schema"."line
        break,\" VALUES
          (9223372036854775807, -2147483648, '', E'\t', E'\n', 'a,b', 12345678901234567890.123456789000, E'{ "b" :1,\n "a": 2, "a": "\\u00e9"}', '{"b": 1.10, "a": "x\ty"}', 'NaN', '-Infinity', 'NaN', true, '\x', 'infinity', '-infinity',
           '1 year 2 days 00:00:00.000001', '{"a,b",NULL,"NULL","","\\","\""}', '{{1,2},{3,4}}', '{"(1,\"a \"\"b\")"}', '[1,10)', 'a', '10.0.0.1', '', DEFAULT),
          (2, NULL, NULL, '\N', E'\\.', NULL, NULL, 'null', 'null', 3.4028235e38, 5e-324, 1e300, false, '\x00ff0a0d5c22', '2026-02-28 23:59:59.999999+00', '0044-03-15 BC', NULL, '{}', NULL, NULL, 'empty', '', '::1/128', '101', DEFAULT),
          (3, 0, E'\u0001\u0002\u001f\u007f\u0085\u2028', 'null', 'true', 'he said "so"', -0.0, '"text"', '[]', '-0', 0.1, -0.00, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT),
          (4, 7, 'say "hi", she' || chr(13) || chr(10) || 'said', ' lead', 'trail ', 'sad', 1, '7', '"\\N"', 1.5, 1e-300, 1, true, '\x22', '0044-03-15 00:00:00+00 BC', '2026-01-01', '-1 mon', '{" "}', '{}', '{}', '(,)', 'abc   ', '10.0.0.0/8', '1', DEFAULT),
          (5, 8, repeat('x"\,' || chr(10), 200000), repeat('é', 300000), NULL, NULL, NULL, ('{"k": "' || repeat('v', 400000) || '"}')::json, ('[' || repeat('1,', 200000) || '2]')::jsonb, NULL, NULL, repeat('9', 40000)::numeric, NULL, decode(repeat('00ff', 200000), 'hex'), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, DEFAULT);
        CREATE TABLE nothing();
        INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
        CREATE TABLE single(only_one text);
        INSERT INTO single VALUES (NULL), (''), ('\.'), (E'\n'), (NULL);
        CREATE TABLE empty(a int, b text);
        CREATE TABLE flagged(flag boolean, padded char(5), ip inet, note text);
        INSERT INTO flagged VALUES (true, 'a', '10.0.0.1', 'x'), (NULL, NULL, NULL, NULL), (false, '', '10.0.0.0/8', '');
        """;

    private PostgreSqlFixture Fixture { get; set; } = null!;

    public static TheoryData<BackupFormat> Formats => [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv];

    public Task InitializeAsync()
    {
        Fixture = new PostgreSqlFixture(shared.Server);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Fixture.DisposeAsync();

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Hard_values_and_names_come_back_the_same(BackupFormat format)
    {
        DatabaseAddress source = await MakeAsync();
        IReadOnlyList<TableDigest> digests = await Fixture.Engine.DigestAsync(source, default);
        MemoryBackup backup = await MemoryBackup.MakeAsync(Fixture.Engine, source, Options(format));
        DatabaseAddress target = Fixture.AddressOf("target");

        ReaderResult read = await backup.ReadAsync(Fixture.Engine, new ReaderOptions(2, 10, Fixture.ScratchDirectory));
        IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(
            Fixture.Engine, target, new TargetOptions(TableFilter.Everything, false, false, 2, Fixture.ScratchDirectory, TimeSpan.FromSeconds(5)));

        Assert.Equal(digests, backup.Contents.Tables);
        Assert.Equal(digests.Where(digest => digest.Fingerprint.Rows > 0), read.Tables.Where(digest => digest.Fingerprint.Rows > 0));
        Assert.Equal(digests, restored);
        Assert.Equal((await shared.Server.DumpAsync(source.Database)).Split('\n').Order(StringComparer.Ordinal), (await shared.Server.DumpAsync(target.Database)).Split('\n').Order(StringComparer.Ordinal));
        Assert.Equal(16, read.Sample.Count);
        Assert.Empty(await Fixture.Engine.FindDifferencesAsync(target, read.Sample, default));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Fixture.ScratchDirectory));
    }

    [Theory]
    [InlineData("UPDATE flagged SET flag = false WHERE flag", "flagged")]
    [InlineData("UPDATE flagged SET padded = 'b' WHERE flag", "flagged")]
    [InlineData("DELETE FROM flagged WHERE flag IS NULL", "flagged")]
    [InlineData("UPDATE single SET only_one = NULL WHERE only_one = ''", "single")]
    [InlineData("DELETE FROM nothing", "nothing")]
    [InlineData("UPDATE \"odd \"\" schema\".\"line\nbreak,\\\" SET f8 = f8 * 1.0000000000000002 WHERE id = 3", "f8 is 0.10000000000000003, expected 0.1")]
    [InlineData("UPDATE \"odd \"\" schema\".\"line\nbreak,\\\" SET n = 1.0 WHERE id = 4", "n is 1.0, expected 1")]
    [InlineData("UPDATE \"odd \"\" schema\".\"line\nbreak,\\\" SET \"{\"\"j\"\": 1}\" = '7 ' WHERE id = 4", "expected 7")]
    [InlineData("UPDATE \"odd \"\" schema\".\"line\nbreak,\\\" SET \"a,b\" = NULL WHERE id = 9223372036854775807", "a,b is NULL, expected ")]
    public async Task A_sample_shows_what_changed(string change, string shown)
    {
        DatabaseAddress source = await MakeAsync();
        MemoryBackup backup = await MemoryBackup.MakeAsync(Fixture.Engine, source, Options(BackupFormat.Sql));
        ReaderResult read = await backup.ReadAsync(Fixture.Engine, new ReaderOptions(2, 10, Fixture.ScratchDirectory));
        await shared.Server.RunAsync(source.Database, change);

        IReadOnlyList<string> differences = await Fixture.Engine.FindDifferencesAsync(source, read.Sample, default);
        Assert.NotEmpty(differences);
        Assert.All(differences, difference => Assert.Contains(shown, difference, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rows_are_found_by_keys_of_every_kind()
    {
        DatabaseAddress source = await Fixture.CreateEmptyAsync("keys");
        await shared.Server.RunAsync(
            source.Database,
            """
            CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (x int, y text); CREATE DOMAIN code AS text;
            CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            CREATE TABLE k1(k uuid PRIMARY KEY, v int); INSERT INTO k1 VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1);
            CREATE TABLE k2(k bytea PRIMARY KEY, v int); INSERT INTO k2 VALUES ('\x00ff', 1), ('\x', 2);
            CREATE TABLE k3(k double precision PRIMARY KEY); INSERT INTO k3 VALUES ('NaN'), (-0.0), (0.1), ('-Infinity');
            CREATE TABLE k4(k mood, l code, PRIMARY KEY (k, l)); INSERT INTO k4 VALUES ('sad', E'a\t''\\b'), ('ok', '');
            CREATE TABLE k5(k pair PRIMARY KEY); INSERT INTO k5 VALUES ('(1,"a b")'), ('(,)');
            CREATE TABLE k6(k int[] PRIMARY KEY); INSERT INTO k6 VALUES ('{1,NULL}'), ('{}');
            CREATE TABLE k7(k text COLLATE loose PRIMARY KEY, v int); INSERT INTO k7 VALUES ('Straße', 1), ('b', 2);
            CREATE TABLE k8(a int, k text GENERATED ALWAYS AS ('x') STORED, b int, PRIMARY KEY (a, k)); INSERT INTO k8 VALUES (1, DEFAULT, 2), (2, DEFAULT, 3);
            CREATE TABLE k9(k timestamptz PRIMARY KEY, j json); INSERT INTO k9 VALUES ('infinity', '{}'), ('2026-01-01 00:00:00.000001+00', NULL);
            CREATE TABLE k10(k char(4), i interval, j json, PRIMARY KEY (k, i)); INSERT INTO k10 VALUES ('a', '1 day', '{}'), ('a', '2 days', '{}');
            CREATE TABLE k11(k int, j text, PRIMARY KEY (k) INCLUDE (j)); INSERT INTO k11 VALUES (1, 'x');
            CREATE TABLE nokey(j json, p point, x xml, t text COLLATE loose); INSERT INTO nokey VALUES ('{"a":1}', '(1,2)', '<a/>', 'A'), ('{"a":1}', '(1,2)', '<a/>', 'a'), (NULL, NULL, NULL, NULL);
            """);
        MemoryBackup backup = await MemoryBackup.MakeAsync(Fixture.Engine, source, Options(BackupFormat.Csv));
        ReaderResult read = await backup.ReadAsync(Fixture.Engine, new ReaderOptions(2, 10, Fixture.ScratchDirectory));

        Assert.Equal(25, read.Sample.Count);
        Assert.Empty(await Fixture.Engine.FindDifferencesAsync(source, read.Sample, default));
        await shared.Server.RunAsync(source.Database, "UPDATE nokey SET t = 'B' WHERE t = 'a' COLLATE \"C\"; DELETE FROM k5 WHERE k = '(,)'::pair; DELETE FROM k8 WHERE a = 2");
        Assert.Equal(3, (await Fixture.Engine.FindDifferencesAsync(source, read.Sample, default)).Count);
    }

    private async Task<DatabaseAddress> MakeAsync()
    {
        DatabaseAddress source = await Fixture.CreateEmptyAsync("hard");
        await shared.Server.RunAsync(source.Database, HardDatabase);
        return source;
    }

    private SnapshotOptions Options(BackupFormat format) =>
        new(format, BackupScope.All, TableFilter.Everything, 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(5));
}
