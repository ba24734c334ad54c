using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Testing.Engines.Sqlite;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A capture that is started again goes on at the exact position, or says what is lost; it never takes another log for the one it followed.</summary>
public sealed class WatchJobResumeTests : WatchJobSuite
{
    /// <summary>As long as an application has the database open, nobody takes its log away.</summary>
    private SqliteConnection? _application;

    [Fact]
    public async Task It_goes_on_at_the_exact_position()
    {
        OpenApplication();
        await WatchAsync(async () => await StoreAsync(1));
        DateTimeOffset left = Assert.Single(LogRun.Of(await HistoryAsync())).Through;
        await InsertAsync(2);
        await InsertAsync(3);
        DateTimeOffset unseen = TimeProvider.System.GetUtcNow();
        await WatchAsync(async () =>
        {
            await UntilAsync(() => Stored == 2, "what was committed meanwhile is stored");
            await StoreAsync(4);
        });

        Assert.Null(Assert.Single(Starts).Backup);
        Assert.False(Warned("does not go on"));
        Assert.Single(await BackupsAsync());
        LogRun run = Assert.Single(LogRun.Of(await HistoryAsync()));
        Assert.Equal(Enumerable.Range(1, run.Segments.Count), run.Segments.Select(segment => (int)segment.Require().Segment!.Number));
        IReadOnlyList<SegmentCommit> commits = await CommitsAsync(run);
        Assert.Equal(4, commits.Count);
        Assert.All(commits.Skip(1).Take(2), commit => Assert.True(commit.After <= left && unseen <= commit.At, $"{commit} was not between {left:O} and {unseen:O}"));

        // An instant at which nobody looked is refused with its bounds; positions are exact.
        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => IdsAsync(new RecoveryTarget.Instant(unseen)));
        Assert.Contains(RecoveryTarget.Show(commits[1].After), refused.Message + refused.Hint, StringComparison.Ordinal);
        Assert.Contains(RecoveryTarget.Show(commits[1].At), refused.Message + refused.Hint, StringComparison.Ordinal);
        for (int i = 0; i < commits.Count; i++)
        {
            Assert.Equal(string.Join(',', Enumerable.Range(1, i + 1)), await IdsAsync(new RecoveryTarget.Position(commits[i].Position)));
        }

        Assert.Equal("1", await IdsAsync(new RecoveryTarget.Instant(commits[1].After)));
        Assert.Equal("1,2,3", await IdsAsync(new RecoveryTarget.Instant(commits[2].At)));
        Assert.Equal("1,2,3,4", await IdsAsync(new RecoveryTarget.Latest()));
    }

    [Fact]
    public async Task One_that_met_no_transaction_goes_on_too()
    {
        OpenApplication();
        await InsertAsync(1);
        await WatchAsync(() => Task.CompletedTask);
        await WatchAsync(() => Task.CompletedTask);
        Assert.Null(Assert.Single(Starts).Backup);
        DateTimeOffset quiet = Assert.Single(LogRun.Of(await HistoryAsync())).Through;
        await WatchAsync(async () => await StoreAsync(2));

        LogHistory history = await HistoryAsync();
        Assert.Single(Assert.Single(history.Timelines).Heads);
        LogRun run = Assert.Single(LogRun.Of(history));
        Assert.Single(await BackupsAsync());
        Assert.Equal("1", await IdsAsync(new RecoveryTarget.Instant(quiet)));
        Assert.Equal("1,2", await IdsAsync(new RecoveryTarget.Instant(run.Through)));
    }

    [Fact]
    public async Task A_log_that_was_begun_anew_meanwhile_leaves_a_gap_that_is_told()
    {
        OpenApplication();
        await WatchAsync(async () => await StoreAsync(1));
        DateTimeOffset left = Assert.Single(LogRun.Of(await HistoryAsync())).Through;
        Assert.StartsWith("0|", await SqliteFolder.ShellAsync(DatabasePath, "PRAGMA wal_checkpoint(TRUNCATE);"), StringComparison.Ordinal);
        await InsertAsync(2);
        await WatchAsync(async () => await StoreAsync(3));

        Assert.Equal(BackupKind.Incremental, Assert.Single(Starts).Backup!.Manifest.Kind);
        Assert.True(Warned("was begun anew meanwhile") && Warned(RecoveryTarget.Show(left)));
        IReadOnlyList<LogRun> runs = LogRun.Of(await HistoryAsync());
        Assert.Equal(["the capture was interrupted", null], runs.Select(run => run.WhyItEnds));
        await Assert.ThrowsAsync<AiShellException>(() => IdsAsync(new RecoveryTarget.Instant(left.AddMilliseconds(1))));
        Assert.Equal("1", await IdsAsync(new RecoveryTarget.Instant(left)));
        Assert.Equal("1,2,3", await IdsAsync(new RecoveryTarget.Latest()));
    }

    /// <summary>As by a file system's snapshot: the log has the same salts, and its frames go on from an earlier one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_earlier_state_that_was_put_back_is_not_taken_for_what_was_followed(bool writesOn)
    {
        OpenApplication();
        await InsertAsync(1);
        foreach (string end in (string[])["", "-wal"])
        {
            await SqliteFolder.CopyByOtherProcessAsync(DatabasePath + end, DatabasePath + ".kept" + end);
        }

        await WatchAsync(async () => await StoreAsync(2));
        _application!.Dispose();
        foreach (string end in (string[])["", "-wal"])
        {
            File.Move(DatabasePath + ".kept" + end, DatabasePath + end, overwrite: true);
        }

        File.Delete(DatabasePath + "-shm");
        OpenApplication();
        if (writesOn)
        {
            await InsertAsync(7);
            await InsertAsync(8);
        }

        await WatchAsync(async () => await StoreAsync(9));

        Assert.NotNull(Assert.Single(Starts).Backup);
        Assert.True(Warned("an earlier state of it was put back"));
        Assert.Equal(writesOn ? "1,7,8,9" : "1,9", await IdsAsync(new RecoveryTarget.Latest()));
        Assert.Equal("1,2", await IdsAsync(new RecoveryTarget.Position(LogRun.Of(await HistoryAsync())[0].End)));
    }

    [Fact]
    public async Task Another_history_is_not_gone_on_with()
    {
        OpenApplication();
        await WatchAsync(async () => await StoreAsync(1));
        BackupRepository repository = await OpenAsync();
        LogPosition end = LogRun.Of(await HistoryAsync())[0].End;
        Assert.True(await repository.LogOf("shop").TryBeginTimelineAsync(new TimelineStart(2, TimeProvider.System.GetUtcNow(), (await BackupsAsync())[0].Id, end), default));
        await WatchAsync(async () => await StoreAsync(2));

        Assert.Equal((BackupKind.Full, 2), (Starts[0].Backup!.Manifest.Kind, Starts[0].Backup!.Manifest.TimelineNumber));
        Assert.Equal([1, 2], LogRun.Of(await HistoryAsync()).Select(run => run.Timeline));
    }

    [Fact]
    public async Task Without_a_backup_that_leads_there_it_begins_anew()
    {
        OpenApplication();
        await WatchAsync(async () => await StoreAsync(1));
        BackupRepository repository = await OpenAsync();
        Directory.Delete(Path.Combine(Folder.PathOf("repository"), "backups"), recursive: true);
        await WatchAsync(async () => await StoreAsync(2));

        Assert.Equal(BackupKind.Full, Assert.Single(Starts).Backup!.Manifest.Kind);
        Assert.Equal("1,2", await IdsAsync(new RecoveryTarget.Latest()));
    }

    [Fact]
    public async Task Times_keep_their_order_where_the_clock_was_set_back()
    {
        OpenApplication();
        await WatchAsync(async () => await StoreAsync(1));
        Time = new ClockSetBack(TimeSpan.FromHours(1));
        await InsertAsync(2);
        await WatchAsync(async () =>
        {
            await UntilAsync(() => Stored == 1, "what was committed meanwhile is stored");
            await InsertAsync(3);
            await UntilAsync(() => Stored == 2, "it is followed on"); // Its time stands still.
        });

        IReadOnlyList<SegmentCommit> commits = await CommitsAsync(Assert.Single(LogRun.Of(await HistoryAsync())));
        Assert.Equal(commits.Select(commit => commit.At).Order(), commits.Select(commit => commit.At));
        Assert.Equal(commits.Select(commit => commit.After).Order(), commits.Select(commit => commit.After));
        Assert.Equal("1,2,3", await IdsAsync(new RecoveryTarget.Latest()));
    }

    protected override void Dispose(bool disposing)
    {
        _application?.Dispose();
        base.Dispose(disposing);
    }

    private void OpenApplication()
    {
        _application = SqliteSession.Open(DatabasePath, SqliteAccess.Writer, TimeSpan.FromSeconds(20));
        SqliteSession.ScalarInt64(_application, "SELECT count(*) FROM item");
    }

    /// <summary>Until the instant after the transaction is sure, too.</summary>
    private async Task StoreAsync(int id)
    {
        long stored = Stored;
        await InsertAsync(id);
        await UntilAsync(() => Stored == stored + 1, $"{id} is stored");
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        await UntilAsync(() => Through > now, "the capture has looked again");
    }

    private async Task<IReadOnlyList<CatalogueEntry>> BackupsAsync() => await (await OpenAsync()).ListAsync("shop", default);

    private async Task<IReadOnlyList<SegmentCommit>> CommitsAsync(LogRun run)
    {
        BackupRepository repository = await OpenAsync();
        List<SegmentCommit> commits = [];
        foreach (CatalogueEntry segment in run.Segments)
        {
            commits.AddRange(await repository.ReadCommitsAsync(segment, default));
        }

        return commits;
    }

    /// <summary>What the database had at a moment.</summary>
    private async Task<string?> IdsAsync(RecoveryTarget target)
    {
        BackupRepository repository = await OpenAsync();
        RecoveryPlan plan = await (await RecoveryPlanner.ReadAsync(repository, "shop", new HashSet<string>(), onlyFrom: null, default)).PlanAsync(target, null);
        string copy = Folder.PathOf("copy.db");
        RestoreRequest request = new(
            plan.Chain.LastBackup, new SqliteEngine(), DatabaseAddress.OfFile(copy), TableFilter.Everything, VerifyFirst: false, Replace: true, Workers: 2, TimeSpan.FromSeconds(10), Folder.Scratch)
        {
            Recovery = plan,
        };
        await new RestoreJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(request, _ => Task.FromResult(true), default);
        string ids = await SqliteFolder.ShellAsync(copy, "SELECT group_concat(id) FROM (SELECT id FROM item ORDER BY id);");
        File.Delete(copy);
        return ids;
    }

    private sealed class ClockSetBack(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - by;
    }
}
