using System.Diagnostics;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Storage.Local;
using Microsoft.Data.Sqlite;
using Xunit.Abstractions;

namespace AiShell.EndToEndTests;

/// <summary>Whatever instant or position is restored: exactly what its writers had committed by then, none more, none less.</summary>
public sealed class PointInTimeTests(ITestOutputHelper output) : IDisposable
{
    private const int Instants = 200;
    private const int Positions = 50;
    private const int Kills = 3;
    private readonly Shell _shell = new();
    private readonly Random _random = new(20261128);

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task Every_instant_and_position_is_the_journal_at_that_point()
    {
        string path = _shell.PathOf("shop.db");
        SqliteJournal.Create(path);
        SqliteJournal journal = new(path);
        await WriteUnderCaptureAsync(path, journal);
        BackupRepository repository = await OpenAsync();
        RecoveryPlanner planner = await PlannerAsync(repository);
        IReadOnlyList<RecoverableWindow> windows = await planner.FindWindowsAsync();
        IReadOnlyList<SqliteJournal.Entry> entries = journal.Entries;
        output.WriteLine($"{entries.Count} transactions, {Kills} kills, {windows.Count} windows, {windows.Sum(window => window.Run.Segments.Count)} segments, {windows.Sum(window => window.Anchors.Count)} bases");
        Assert.True(windows.Count <= 2, "A capture did not go on where it was killed, though the log was there.");
        Assert.Contains(windows, window => window.Anchors.Any(anchor => anchor.Chain.Entries.Count > 1));

        PlannedMoments moments = new(planner, windows, _random);
        IReadOnlyList<PlannedMoment> instants = await moments.InstantsAsync(Instants, at => (entries.Count(entry => entry.Answered <= at), entries.Count(entry => entry.Asked < at)));
        output.WriteLine($"{instants.Count} instants, {moments.Unsure} of them beside one that was not sure");
        List<PlannedMoment> plans = [.. instants, .. await moments.PositionsAsync(Positions, repository, (commit, _) => commit.Position)];
        await CompareAsync(repository, plans);
    }

    /// <summary>
    /// The capture is killed three times, the second time without a reader that holds the log; full backups and an increment are made beside it, and the last one is stopped as it should be.
    /// </summary>
    private async Task WriteUnderCaptureAsync(string path, SqliteJournal journal)
    {
        SqliteConnection? reader = null;
        using CancellationTokenSource stop = new();
        Task[] writers = [.. Enumerable.Range(1, 2).Select(seed => Task.Factory.StartNew(() => journal.Write(seed, stop.Token), TaskCreationOptions.LongRunning))];
        for (int run = 0; run <= Kills; run++)
        {
            using Process capture = _shell.Start("backup", "watch", "-d", path, "--flush-every", "300ms", "--log-limit", "1MB", "--compression", "zstd");
            Task<string> errors = capture.StandardError.ReadToEndAsync();
            int before = SegmentsNow();
            await Shell.UntilAsync(() => SegmentsNow() >= before + 3 || capture.HasExited, "the capture stores segments");
            reader?.Dispose();
            reader = null;
            if (run == 1)
            {
                await _shell.ExpectAsync(null, "backup", "create", "-d", path, "--format", "native");
                await _shell.ExpectAsync(null, "backup", "create", "-d", path, "--format", "sql");
                await Shell.UntilAsync(() => SegmentsNow() >= before + 6 || capture.HasExited, "the capture goes on beside another backup");
                await _shell.ExpectAsync(null, "backup", "create", "-d", path, "--incremental");
                await Shell.UntilAsync(() => SegmentsNow() >= before + 9 || capture.HasExited, "the capture goes on beside an increment");
            }

            if (run is 0 or 2)
            {
                reader = journal.Hold();
                int held = SegmentsNow();
                await Shell.UntilAsync(() => SegmentsNow() >= held + 3 || capture.HasExited, "what is stored stands in the log that is held");
            }

            await Task.Delay(_random.Next(500, 1500));
            Assert.False(capture.HasExited, capture.HasExited ? await errors : "");
            if (run < Kills)
            {
                capture.Kill();
                await capture.WaitForExitAsync();
                await Task.Delay(_random.Next(300));
                continue;
            }

            await stop.CancelAsync();
            await Task.WhenAll(writers);
            using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
            await capture.WaitForExitAsync();
            Assert.True(capture.ExitCode == 143, await errors);
        }
    }

    private int SegmentsNow() => _shell.ManifestsOf("logs");

    /// <summary>Restores them all, those with the fewest transactions first, and compares each with a database in which they were done again.</summary>
    private async Task CompareAsync(BackupRepository repository, List<PlannedMoment> plans)
    {
        List<(RecoveryPlan Plan, int Number, string Sum)> found = [];
        foreach ((RecoveryPlan plan, int least, int most) in plans)
        {
            string copy = _shell.PathOf("copy.db");
            await RestoreAsync(repository, plan, copy);
            int number = int.Parse(await Shell.SqliteAsync(copy, "SELECT coalesce(max(number), 0) FROM journal;"), System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(number >= least && number <= most, $"At {plan.Target} the writers had committed {least} to {most}, and the copy has {number}.");
            found.Add((plan, number, await SumAsync(copy)));
            File.Delete(copy);
        }

        // Two positions that follow each other are one transaction apart.
        (RecoveryPlan Plan, int Number, string Sum)[] positions = [.. found.Where(one => one.Plan.Target is RecoveryTarget.Position)];
        Assert.All(positions.Chunk(2), pair => Assert.Equal(pair[0].Number + 1, pair[1].Number));

        string model = _shell.PathOf("model.db");
        SqliteJournal.Create(model);
        int done = 0;
        foreach ((RecoveryPlan plan, int number, string sum) in found.OrderBy(one => one.Number))
        {
            SqliteJournal.Replay(model, done, number);
            done = number;
            Assert.True(await SumAsync(model) == sum, $"{plan.Target} gives another database than {number} transactions.");
        }

        Assert.True(found.Select(one => one.Number).Distinct().Count() > plans.Count / 4, "The moments were hardly different ones.");
    }

    private static Task<string> SumAsync(string path) => Shell.SqliteAsync(path, ".sha3sum --schema");

    private static async Task RestoreAsync(BackupRepository repository, RecoveryPlan plan, string copy)
    {
        string scratch = Directory.CreateTempSubdirectory("ai-shell-e2e-").FullName;
        try
        {
            RestoreRequest request = new(
                plan.Chain.LastBackup, new SqliteEngine(), DatabaseAddress.OfFile(copy), TableFilter.Everything, VerifyFirst: false, Replace: true, Workers: 2, TimeSpan.FromSeconds(10), scratch)
            {
                Recovery = plan,
            };
            await new RestoreJob(repository, TimeProvider.System, NoProgress.Instance).RunAsync(request, _ => Task.FromResult(true), default);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private Task<BackupRepository> OpenAsync() =>
        BackupRepository.OpenAsync(new LocalStore(_shell.Repository), new NoManifestCache(), TimeProvider.System, default);

    private static async Task<RecoveryPlanner> PlannerAsync(BackupRepository repository) => new(
        "shop.db",
        await repository.ListAsync("shop.db", default),
        await repository.LogOf("shop.db").ReadAsync(default),
        segment => repository.ReadCommitsAsync(segment, default));
}
