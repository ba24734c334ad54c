using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

public sealed class KeyRangeTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    private const int Rows = 20_000;

    [Theory]
    [InlineData("id int AUTO_INCREMENT PRIMARY KEY", "id", "n")]
    [InlineData("id bigint UNSIGNED PRIMARY KEY", "id", "18446744073709551615 - n * n * n")]
    [InlineData("id bigint PRIMARY KEY", "id", "IF(n = 1, -9000000000000000000, n)")]
    [InlineData("id decimal(30,4) PRIMARY KEY", "id", "n / 7 - 1000")]
    [InlineData("id varchar(30) PRIMARY KEY", "id", "concat('user-', lpad(n, 8, '0'), '@x')")]
    [InlineData("id varchar(60) COLLATE utf8mb4_bin PRIMARY KEY", "id", "concat(sha1(n), '''\\\\')")]
    [InlineData("id varchar(60) CHARACTER SET latin1 COLLATE latin1_german2_ci PRIMARY KEY", "id", "concat('é', n)")]
    [InlineData("id varchar(60) CHARACTER SET utf8mb4 PRIMARY KEY", "id", "concat('表🙂', n)")]
    [InlineData("id char(40) COLLATE utf8mb4_bin PRIMARY KEY", "id", "upper(md5(n))")]
    [InlineData("id binary(16) PRIMARY KEY", "id", "unhex(md5(n))")]
    [InlineData("id uuid PRIMARY KEY", "id", "uuid()")]
    [InlineData("id uuid PRIMARY KEY", "id", "concat(left(md5(n), 12), '4', mid(md5(n), 14, 3), 'a', right(md5(n), 15))")]
    [InlineData("id datetime(6) PRIMARY KEY", "id", "'2020-01-01' + INTERVAL n MINUTE")]
    [InlineData("a tinyint, b int, PRIMARY KEY(a, b)", "a, b", "n % 3, n")]
    [InlineData("a varchar(10), b int, c varchar(10), PRIMARY KEY(a, b, c)", "a, b, c", "'all', n % 2, n")]
    [InlineData("a int NOT NULL, b varchar(60) NOT NULL, UNIQUE KEY row_key(b, a), KEY other(a)", "a, b", "n, sha1(n % 9)")]
    public async Task A_large_table_is_read_in_ranges_of_its_key_and_no_row_is_missing_or_twice(string columns, string names, string values)
    {
        DatabaseAddress source = await CreateTableAsync(columns, names, values);
        TableDigest whole = Assert.Single((await BackUpAsync(source, Options(workers: 1))).Contents.Tables);
        Assert.Equal(Rows, whole.Fingerprint.Rows);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(workers: 4, partBytes: 100_000), default);
        List<TableFingerprint> ranges = [];
        foreach (SnapshotStep step in snapshot.Steps.Where(step => step.Phase == PartPhase.Data))
        {
            ranges.Add(Assert.Single(await snapshot.WriteAsync(step, new NoSink(), default)).Fingerprint);
        }

        Assert.Equal(whole.Fingerprint, ranges.Aggregate(TableFingerprint.Empty, (sum, range) => sum.Add(range)));
        Assert.InRange(ranges.Count, 3, 64);
        Assert.All(ranges, range => Assert.InRange(range.Rows, 0, Rows / 2));
    }

    [Theory]
    [InlineData("id enum('a', 'b'), n int, KEY(n)", "id, n", "1 + n % 2, n")]
    [InlineData("id text, PRIMARY KEY(id(20))", "id", "n")]
    [InlineData("id float PRIMARY KEY", "id", "n")]
    public async Task A_table_whose_key_cannot_be_cut_is_one_step(string columns, string names, string values)
    {
        DatabaseAddress source = await CreateTableAsync(columns, names, values);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(workers: 4, partBytes: 100_000), default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options(workers: 4, partBytes: 100_000));

        Assert.Single(snapshot.Steps, step => step.Phase == PartPhase.Data);
        Assert.Equal(Rows, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
    }

    private async Task<DatabaseAddress> CreateTableAsync(string columns, string names, string values) => await CreateAsync(
        $"""
        CREATE TABLE t({columns}, filler char(60) DEFAULT 'filler', extra text DEFAULT repeat('x', 100));
        INSERT INTO t({names}) SELECT {values} FROM (SELECT seq AS n FROM seq_1_to_{Rows}) AS numbers;
        ANALYZE TABLE t;
        """);

    private sealed class NoSink : IPartSink
    {
        public Stream Stream => Stream.Null;

        public bool IsFull => false;

        public ValueTask EndPartAsync(long rows, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
