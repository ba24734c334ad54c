using AiShell.Engines;
using AiShell.Health;
using AiShell.Repository;

namespace AiShell.Tests.Health;

public sealed class StatusReportTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_connection_without_a_backup_gets_a_line_too()
    {
        DatabaseStatus status = Assert.Single(StatusReport.Of([], ["shop"], new HashSet<string>(), Now));
        Assert.Equal(("shop", Coverage.None, "never backed up", 0), (status.Database, status.Coverage, status.Explanation, status.Backups));
        Assert.Null(status.Age);
    }

    [Theory]
    [InlineData(1, Coverage.Good)]
    [InlineData(26, Coverage.Good)]
    [InlineData(27, Coverage.Stale)]
    public void Age_makes_a_database_stale(int hours, Coverage expected)
    {
        DatabaseStatus status = One([Whole("shop", hours)], []);
        Assert.Equal((expected, TimeSpan.FromHours(hours)), (status.Coverage, status.Age));
    }

    [Fact]
    public void A_damaged_newest_manifest_counts_although_an_older_one_is_good()
    {
        DatabaseStatus status = One([Damaged("shop", 1), Whole("shop", 2)], []);
        Assert.Equal(Coverage.Damaged, status.Coverage);
        Assert.Contains(Id(1), status.Explanation, StringComparison.Ordinal);
        Assert.Equal((Id(2), 2), (status.LastBackupId, status.Backups));
    }

    [Fact]
    public void A_damaged_older_manifest_does_not_spoil_a_good_newest() =>
        Assert.Equal(Coverage.Good, One([Whole("shop", 1), Damaged("shop", 2)], []).Coverage);

    [Fact]
    public void Only_damaged_manifests_cover_nothing() =>
        Assert.Equal((Coverage.None, "no backup can be read"), (One([Damaged("shop", 1)], []).Coverage, One([Damaged("shop", 1)], []).Explanation));

    [Fact]
    public void A_failed_verification_of_the_newest_counts_and_of_an_older_one_does_not()
    {
        Assert.Equal(Coverage.Damaged, One([Whole("shop", 1), Whole("shop", 2)], [Id(1)]).Coverage);
        Assert.Equal(Coverage.Good, One([Whole("shop", 1), Whole("shop", 2)], [Id(2)]).Coverage);
    }

    [Fact]
    public void The_window_goes_from_the_oldest_to_the_newest_that_can_be_read_in_any_order_of_the_list()
    {
        DatabaseStatus status = One([Whole("shop", 9), Damaged("shop", 30), Whole("shop", 1), Whole("shop", 5)], []);
        Assert.Equal((Now.AddHours(-9), Now.AddHours(-1), 300), (status.RecoverableFrom, status.RecoverableTo, status.StoredBytes));
    }

    [Fact]
    public void Databases_are_kept_apart_and_in_order()
    {
        IReadOnlyList<DatabaseStatus> all = StatusReport.Of([Whole("shop", 1), Whole("archive", 50)], ["shop", "new"], new HashSet<string>(), Now);
        Assert.Equal([("archive", Coverage.Stale), ("new", Coverage.None), ("shop", Coverage.Good)], all.Select(status => (status.Database, status.Coverage)));
    }

    private static DatabaseStatus One(CatalogueEntry[] entries, string[] bad) =>
        Assert.Single(StatusReport.Of(entries, ["shop"], bad.ToHashSet(), Now));

    private static string Id(int hoursAgo) => $"backup-{Now.AddHours(-hoursAgo):yyyyMMddHHmmss}-abcdef";

    private static CatalogueEntry Damaged(string database, int hoursAgo) => new(Id(hoursAgo), database, null, new AiShellException(ErrorKind.Integrity, "cut"));

    private static CatalogueEntry Whole(string database, int hoursAgo) => new(Id(hoursAgo), database, ManifestOf(database, hoursAgo), null);

    private static Manifest ManifestOf(string database, int hoursAgo) => new()
    {
        FormatVersion = 1,
        Id = Id(hoursAgo),
        Database = database,
        Source = "/x.db",
        Engine = "sqlite",
        EngineVersion = "3",
        ToolVersion = "1",
        Kind = BackupKind.Full,
        Format = BackupFormat.Sql,
        Scope = BackupScope.All,
        CreatedAt = Now.AddHours(-hoursAgo),
        CompletedAt = Now.AddHours(-hoursAgo),
        Position = new PositionRange(new LogPosition("1"), new LogPosition("1")),
        Compression = new CompressionSettings("gzip", 6),
        Parts = [new ManifestPart("parts/00001-x.0001.sql.gz", PartPhase.Data, null, 1, 1000, 100, "")],
        Tables = [],
        Objects = new Dictionary<string, int>(),
        Tags = new Dictionary<string, string>(),
    };
}
