using System.Diagnostics;
using System.Globalization;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;
using AiShell.Storage.Local;
using AiShell.Testing.Engines.MySql;
using MySqlConnector;
using Xunit.Abstractions;

namespace AiShell.EndToEndTests;

public sealed class MySqlPointInTimeTests(ITestOutputHelper output) : MySqlPointInTimeSuite(output)
{
    protected override (int Instants, int Positions, int WholeRestores) Moments => (200, 50, 6);
}

/// <summary>MySQL's restores take the longer, for its new servers do.</summary>
public sealed class MySqlServerPointInTimeTests(ITestOutputHelper output) : MySqlPointInTimeSuite(output)
{
    protected override (int Instants, int Positions, int WholeRestores) Moments => (200, 50, 2);

    protected override Task<MySqlFamilyServer> StartServerAsync() => StartMySqlAsync();

    // As a restore's private server is.
    protected override Task<MySqlFamilyServer> StartOtherAsync() => StartMySqlAsync("gtid-mode=OFF", "enforce-gtid-consistency=OFF");
}

/// <summary>Whatever instant or position is restored: exactly what its writers had committed by then, none more, none less.</summary>
public abstract class MySqlPointInTimeSuite(ITestOutputHelper output) : MySqlSuite
{
    /// <summary>Of the moments, which are all compared at a replay's stops. A restore takes seconds; AI_SHELL_TEST_WHOLE_RESTORES=250 restores every one.</summary>
    private int WholeRestores => int.TryParse(Environment.GetEnvironmentVariable("AI_SHELL_TEST_WHOLE_RESTORES"), CultureInfo.InvariantCulture, out int all) ? all : Moments.WholeRestores;

    protected abstract (int Instants, int Positions, int WholeRestores) Moments { get; }

    private readonly Random _random = new(20261128);
    private MySqlFamilyServer _other = null!;

    /// <summary>Where the log is done again, transaction by transaction.</summary>
    protected virtual Task<MySqlFamilyServer> StartOtherAsync() => StartServerAsync();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _other = await StartOtherAsync();
    }

    public override async Task DisposeAsync()
    {
        await _other.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Every_instant_and_position_is_the_journal_at_that_point()
    {
        await CreateAsync("shop", MySqlJournal.Schema);
        await CreateAsync("noise", "CREATE TABLE other(id int AUTO_INCREMENT PRIMARY KEY, v text)");
        MySqlJournal journal = new(() => ConnectionTo(Server, "shop"), replacesTables: Server is MariaDbServer);
        int kills = await WriteUnderCaptureAsync(journal);
        BackupRepository repository = await BackupRepository.OpenAsync(new LocalStore(Shell.Repository), new NoManifestCache(), TimeProvider.System, default);
        RecoveryPlanner planner = await RecoveryPlanner.ReadAsync(repository, "shop", new HashSet<string>(), onlyFrom: null, default);
        IReadOnlyList<RecoverableWindow> windows = await planner.FindWindowsAsync();
        IReadOnlyList<MySqlJournal.Entry> entries = journal.Entries;
        output.WriteLine($"{entries.Count} transactions, {kills} kills, {windows.Count} windows, {windows.Sum(window => window.Run.Segments.Count)} segments, {windows.Sum(window => window.Anchors.Count)} bases");
        Assert.Contains(windows, window => window.Anchors.Count(anchor => anchor.Chain.Entries.Count == 1) > 1);
        Assert.Contains(windows, window => window.Anchors.Any(anchor => anchor.Chain.Entries.Count > 1));

        PlannedMoments moments = new(planner, windows, _random);
        IReadOnlyList<PlannedMoment> instants = await moments.InstantsAsync(Moments.Instants, at => (LastOf(entries.Where(entry => entry.Answered <= at)), LastOf(entries.Where(entry => entry.Asked < at))));
        output.WriteLine($"{instants.Count} instants, {moments.Unsure} of them beside one that was not sure");
        List<PlannedMoment> plans = [.. instants, .. await moments.PositionsAsync(Moments.Positions, repository, AsPeopleSayIt)];
        await CompareAsync(repository, journal, plans);
    }

    /// <summary>The capture is killed three times; a full backup and an increment are made beside it, the server is restarted under it, and the last one is stopped as it should be.</summary>
    private async Task<int> WriteUnderCaptureAsync(MySqlJournal journal)
    {
        const int Kills = 3;
        using CancellationTokenSource stop = new();
        Task[] writers = [.. Enumerable.Range(1, 2).Select(seed => Task.Factory.StartNew(() => journal.Write(seed, stop.Token), TaskCreationOptions.LongRunning))];
        for (int run = 0; run <= Kills; run++)
        {
            journal.HoldsDefinitions = run == 0;
            using Process capture = Shell.Start("backup", "watch", "-d", Url("shop"), "--flush-every", "300ms", "--compression", "zstd");
            Task<string> errors = capture.StandardError.ReadToEndAsync();
            int before = SegmentsNow();
            await Shell.UntilAsync(() => SegmentsNow() >= before + 3 || capture.HasExited, "the capture stores segments");
            journal.HoldsDefinitions = run == 1;
            if (run == 1)
            {
                await Shell.ExpectAsync(null, "backup", "create", "-d", Url("shop"));
                journal.HoldsDefinitions = false;
                await Shell.UntilAsync(() => SegmentsNow() >= before + 6 || capture.HasExited, "the capture goes on beside another backup");
                await Shell.ExpectAsync(null, "backup", "create", "-d", Url("shop"), "--incremental");
                await Shell.UntilAsync(() => SegmentsNow() >= before + 9 || capture.HasExited, "the capture goes on beside an increment");
            }

            if (run == 2)
            {
                journal.Pause(() => RestartAsync().GetAwaiter().GetResult());
                before = SegmentsNow();
                await Shell.UntilAsync(() => SegmentsNow() >= before + 3 || capture.HasExited, "the capture goes on after the server was restarted");
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

        return Kills;
    }

    private async Task RestartAsync()
    {
        await Server.StopAsync();
        await Server.StartAgainAsync();
    }

    private int SegmentsNow() => Shell.ManifestsOf("logs");

    private static int LastOf(IEnumerable<MySqlJournal.Entry> entries) => entries.Select(entry => entry.Number).DefaultIfEmpty(0).Max();

    /// <summary>As the server says it, as file and offset alone, and as a GTID alone.</summary>
    private static LogPosition AsPeopleSayIt(SegmentCommit commit, int turn)
    {
        string[] words = commit.Position.Value.Split(' ');
        return new LogPosition((turn % 3) switch { 0 => commit.Position.Value, 1 => words[0], _ => words[^1] });
    }

    /// <summary>Replays each run once, transaction by transaction, and compares the copy at each moment that was planned with a database in which the journal was done again.</summary>
    private async Task CompareAsync(BackupRepository repository, MySqlJournal journal, List<PlannedMoment> plans)
    {
        List<(RecoveryPlan Plan, int Number, string Sum)> found = [];
        foreach (var group in plans.GroupBy(one => one.Plan.Chain.LastBackup.Id))
        {
            await Shell.ExpectAsync(null, "backup", "restore", group.Key, "-d", UrlOf(_other, "shop"), "--force");
            using MySqlConnection copy = await OpenAsync(_other, "shop");
            Dictionary<string, (int Number, string Sum)> seen = [];
            HashSet<string> wanted = [.. group.Select(one => one.Plan.Reached.Value.Split(' ')[0])];
            CatalogueEntry[] segments = group.Select(one => one.Plan.Segments).OrderBy(row => row.Count).Last() is var longest ? [.. longest] : [];
            string from = group.First().Plan.Chain.LastBackup.Require().Position.End.Value;
            Look(from.Split(' ')[0]);
            using LogStepper stepper = new(_other.AddressOf("shop"), from);
            foreach (CatalogueEntry segment in segments)
            {
                ManifestPart part = segment.Require().Parts.Single(part => part.Phase == PartPhase.Data);
                await repository.ReadPartAsync(
                    segment,
                    part,
                    plain =>
                    {
                        stepper.Replay(plain, Look);
                        return Task.CompletedTask;
                    },
                    _ => { },
                    default);
            }

            foreach ((RecoveryPlan plan, int least, int most) in group)
            {
                (int number, string sum) = seen[plan.Reached.Value.Split(' ')[0]];
                Assert.True(number >= least && number <= most, $"At {plan.Target} the writers had committed {least} to {most}, and the copy has {number}.");
                found.Add((plan, number, sum));
            }

            void Look(string position)
            {
                if (wanted.Contains(position))
                {
                    seen[position] = (MySqlJournal.NumberOf(copy), MySqlJournal.SumOf(copy));
                }
            }
        }

        await CompareWithModelAsync(journal, found);
        int restored = 0;
        foreach ((RecoveryPlan plan, int number, string sum) in found.Where(one => one.Plan.Segments.Count > 0).OrderBy(_ => _random.Next()).Take(WholeRestores))
        {
            string[] until = plan.Target is RecoveryTarget.Instant instant ? ["--point-in-time", RecoveryTarget.Show(instant.At)] : ["--to-position", ((RecoveryTarget.Position)plan.Target).At.Value];
            await Shell.ExpectAsync(null, ["backup", "restore", plan.Chain.LastBackup.Id, "-d", UrlOf(_other, "copy"), "--force", .. until]);
            using MySqlConnection copy = await OpenAsync(_other, "copy");
            Assert.True(number == MySqlJournal.NumberOf(copy) && sum == MySqlJournal.SumOf(copy), $"{plan.Target} restores to another database than its transactions give one by one.");
            restored++;
        }

        output.WriteLine($"{restored} whole restores, each equal to the journal at its moment");
    }

    private async Task CompareWithModelAsync(MySqlJournal journal, List<(RecoveryPlan Plan, int Number, string Sum)> found)
    {
        // Two positions that follow each other are one transaction apart.
        (RecoveryPlan Plan, int Number, string Sum)[] positions = [.. found.Where(one => one.Plan.Target is RecoveryTarget.Position).OrderBy(one => one.Number)];
        Assert.Equal(Moments.Positions, positions.Length);
        await _other.RunAsync("", "DROP DATABASE IF EXISTS model; CREATE DATABASE model");
        await _other.RunAsync("model", MySqlJournal.Schema);
        using MySqlConnection model = await OpenAsync(_other, "model");
        int done = 0;
        foreach ((RecoveryPlan plan, int number, string sum) in found.OrderBy(one => one.Number))
        {
            journal.Replay(model, done, number);
            done = number;
            Assert.True(MySqlJournal.SumOf(model) == sum, $"{plan.Target} gives another database than {number} transactions.");
        }

        output.WriteLine($"{found.Select(one => one.Number).Distinct().Count()} different moments");
        Assert.True(found.Select(one => one.Number).Distinct().Count() > found.Count / 4, "The moments were hardly different ones.");
    }

    private static string ConnectionTo(MySqlFamilyServer server, string database) => new MySqlConnectionStringBuilder
    {
        Server = "127.0.0.1",
        Port = (uint)server.Port,
        UserID = MariaDbServer.User,
        Password = MariaDbServer.Password,
        Database = database,
        Pooling = false,
        SslMode = MySqlSslMode.None,
        UseAffectedRows = true,
    }.ConnectionString;

    private static async Task<MySqlConnection> OpenAsync(MySqlFamilyServer server, string database)
    {
        MySqlConnection connection = new(ConnectionTo(server, database));
        await connection.OpenAsync();
        return connection;
    }

    private static string UrlOf(MySqlFamilyServer server, string database) => string.Create(
        CultureInfo.InvariantCulture, $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{server.Port}/{database}");
}
