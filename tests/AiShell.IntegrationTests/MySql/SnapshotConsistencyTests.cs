using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>One moment for all tables and workers, whatever the user may do, and nothing that stays behind.</summary>
public sealed class SnapshotConsistencyTests(SharedMariaDb shared) : SnapshotConsistencySuite(shared.Server), IClassFixture<SharedMariaDb>
{
    protected override string Position => "^binlog\\.[0-9]+:[0-9]+ 0-1-[0-9]+$";

    [Theory]
    [InlineData("SELECT, RELOAD", false, 4)]
    [InlineData("SELECT, BINLOG MONITOR", false, 4)]
    [InlineData("SELECT", false, 4)]
    [InlineData("SELECT, RELOAD", true, 4)]
    [InlineData("SELECT", false, 1)]
    [InlineData("SELECT, RELOAD", false, 4, true)]
    public Task Workers_see_one_moment_while_others_write(string privileges, bool withoutLock, int workers, bool byReadLock = false) => RequireOneMomentAsync(privileges, withoutLock, workers, byReadLock);

    [Theory]
    [InlineData("SELECT, RELOAD", false, false)]
    [InlineData("SELECT, RELOAD", true, true)]
    [InlineData("SELECT, BINLOG MONITOR", false, false)]
    [InlineData("SELECT", false, true)]
    public async Task One_session_that_reads_for_all_is_told_of(string privileges, bool withoutLock, bool isAlone)
    {
        DatabaseAddress source = await CreateAsync(Pair);
        DatabaseAddress address = Server.AddressOf(source.Database, await CreateUserAsync(privileges), PlainPassword);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(address, Options(workers: 4) with { WithoutLock = withoutLock }, default);

        Assert.Equal(isAlone ? 1 : 0, snapshot.Warnings.Count(warning => warning.Contains("one session", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_position_is_where_the_binary_log_stood_at_the_moment()
    {
        DatabaseAddress source = await CreateAsync(Pair);
        string[] before = (await Server.RunAsync(source.Database, "SHOW BINLOG STATUS")).Split('\t');
        string gtid = await Server.RunAsync("", "SELECT @@gtid_binlog_pos");

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(), default);
        await Server.RunAsync(source.Database, "UPDATE a SET v = 5");

        Assert.Equal($"{before[0]}:{before[1]} {gtid}", snapshot.Position.Value);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task No_lock_stays_once_the_snapshot_is_open_and_no_session_once_it_is_closed(bool byReadLock) => RequireNothingStaysAsync(byReadLock);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Tables_without_transactions_are_of_the_same_moment(bool byReadLock) => RequireSameMomentWithoutTransactionsAsync("Aria", byReadLock);

    [Theory]
    [InlineData("SELECT, RELOAD, LOCK TABLES", true, ErrorKind.Refused)]
    [InlineData("SELECT, RELOAD", false, ErrorKind.Failed)]
    public Task Tables_without_transactions_are_refused_where_they_may_not_be_locked(string privileges, bool withoutLock, ErrorKind kind) => RequireRefusedAsync(privileges, withoutLock, kind);

    [Theory]
    [InlineData("BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT", false)]
    [InlineData("LOCK TABLES b WRITE", true)]
    public Task A_lock_that_is_not_to_be_had_is_told_with_who_may_have_it(string lockStatement, bool byReadLock) => RequireHolderToldAsync(lockStatement, byReadLock);
}

/// <summary>As above, by MySQL's locks; what does not depend on them is not asked again.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerSnapshotConsistencyTests(SharedMySql shared) : SnapshotConsistencySuite(shared.Server)
{
    protected override string Position => "^binlog\\.[0-9]+:[0-9]+ |^no binary log$";

    [Theory]
    [InlineData("SELECT, RELOAD, BACKUP_ADMIN")]
    [InlineData("SELECT, RELOAD")]
    [InlineData("SELECT, REPLICATION CLIENT")]
    public Task Workers_see_one_moment_while_others_write(string privileges) => RequireOneMomentAsync(privileges, withoutLock: false, workers: 4);

    [Fact]
    public Task A_lock_that_is_not_to_be_had_is_told_with_who_may_have_it() => RequireHolderToldAsync("LOCK INSTANCE FOR BACKUP; LOCK TABLES b WRITE");
}
