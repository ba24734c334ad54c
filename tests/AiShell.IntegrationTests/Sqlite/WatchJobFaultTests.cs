using AiShell.Repository;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A store that is gone for a while, or says that it failed when it did not, makes no hole in the log.</summary>
public sealed class WatchJobFaultTests : WatchJobSuite
{
    [Fact]
    public async Task A_store_that_is_gone_for_a_while_gets_everything_later()
    {
        await WatchAsync(async () =>
        {
            await InsertAsync(1);
            await UntilAsync(() => Stored == 1, "the first is stored");
            Store.IsGone = true;
            await InsertAsync(2);
            await UntilAsync(() => Warned("cannot be stored now"), "that is told");
            await InsertAsync(3);
            Store.IsGone = false;
            await UntilAsync(() => Stored == 3, "the others are stored");
        });

        LogRun run = Assert.Single(LogRun.Of(await HistoryAsync()));
        Assert.Equal(3, run.Segments.Sum(segment => segment.Require().Segment!.Commits));
        Assert.Equal(1, Warnings("cannot be stored now"));
    }

    [Fact]
    public async Task A_segment_whose_answer_was_lost_is_there_once()
    {
        await WatchAsync(async () =>
        {
            Store.LosesAnswer = true;
            await InsertAsync(1);
            await UntilAsync(() => Stored == 1, "the first is stored");
            Assert.False(Store.LosesAnswer);
            await InsertAsync(2);
            await UntilAsync(() => Stored == 2, "the second is stored");
        });

        LogRun run = Assert.Single(LogRun.Of(await HistoryAsync()));
        Assert.Equal([1L, 2L], run.Segments.Select(segment => segment.Require().Segment!.Number));
        Assert.Equal(2, run.Segments.Sum(segment => segment.Require().Segment!.Commits));
    }

    [Fact]
    public async Task A_number_that_somebody_else_has_taken_begins_a_new_run()
    {
        await WatchAsync(async () =>
        {
            await InsertAsync(1);
            await UntilAsync(() => Stored == 1, "the first is stored");
            string folder = Path.Combine(Folder.PathOf("repository"), "logs", "shop", "1");
            Directory.CreateDirectory(Path.Combine(folder, "000000000002"));
            File.Copy(Path.Combine(folder, "000000000001", "manifest.json"), Path.Combine(folder, "000000000002", "manifest.json"));
            await InsertAsync(2);
            await UntilAsync(() => Warned("somebody else wrote segment 2"), "that is told");
            for (int id = 3; !File.Exists(Path.Combine(folder, "000000000003", "manifest.json")); id++)
            {
                await InsertAsync(id);
                await Task.Delay(100);
            }
        });

        IReadOnlyList<LogRun> runs = LogRun.Of(await HistoryAsync());
        Assert.Equal(2, runs.Count);
        Assert.Equal("segment 2 is damaged", runs[0].WhyItEnds);
    }
}
