using System.Diagnostics;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Looking for the right moment, whatever the engine: a copy is kept beside the target, looked at, brought further, and put in place at last.</summary>
public abstract class KeptCopySuite : IAsyncLifetime
{
    protected const int Transactions = 6;

    internal Shell Shell { get; } = new();

    /// <summary>The database, as -d takes it.</summary>
    protected abstract string Target { get; }

    /// <summary>What its backups are filed under.</summary>
    protected abstract string Name { get; }

    protected string[] Positions { get; private set; } = [];

    protected string[] Instants { get; private set; } = [];

    protected string Log => Path.Combine(Shell.Repository, "logs", Name, "1");

    public abstract Task InitializeAsync();

    public virtual Task DisposeAsync()
    {
        Shell.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_copy_is_brought_further_until_it_is_the_right_one()
    {
        await CaptureAsync();
        string copy = await KeepAsync("--to-position", Positions[1]);
        Assert.Equal(Ids(2), await CopyIdsAsync(copy));
        Assert.Equal(Ids(Transactions), await IdsAsync());

        // The base is read no more: without its parts a new restore is impossible, and this goes on.
        string parts = Path.Combine(Directory.GetDirectories(Path.Combine(Shell.Repository, "backups", Name)).Single(), "parts");
        Directory.Move(parts, parts + ".away");
        JsonElement plan = await Shell.JsonAsync(null, "backup", "restore", "-d", Target, "--continue", "--point-in-time", Instants[3], "--dry-run");
        Assert.Equal(Positions[3], plan.GetProperty("position").GetString());
        Assert.Contains("segment-1-000000000003", plan.GetProperty("steps")[1].GetString(), StringComparison.Ordinal);
        copy = await ContinueAsync("--point-in-time", Instants[3]);
        Assert.Equal([copy], await CopiesAsync());
        Assert.Equal(Ids(4), await CopyIdsAsync(copy));
        Assert.Equal(Ids(Transactions), await IdsAsync());

        // Not backwards, and not without consent.
        BufferedCommandResult behind = await Shell.RunAsync("backup", "restore", "-d", Target, "--continue", "--to-position", Positions[2], "--force");
        Shell.Expect((int)ErrorKind.Refused, behind);
        Assert.Contains("lies before that", behind.StandardError, StringComparison.Ordinal);
        await Shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", Target, "--continue");
        Assert.Equal(Ids(Transactions), await IdsAsync());

        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--to-position", Positions[4], "--force");
        Assert.Equal(Ids(5), await IdsAsync());
        Assert.Empty(await CopiesAsync());
        Assert.True(File.Exists(Path.Combine(Shell.Repository, "logs", Name, "2", "timeline.json")));
        await Shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", Target, "--continue", "--force");
    }

    /// <summary>Makes the database with an empty table of items.</summary>
    protected abstract Task CreateAsync();

    protected abstract Task InsertAsync(int id);

    /// <summary>Of the items in the target, in order, with commas.</summary>
    protected abstract Task<string> IdsAsync();

    /// <summary>Of the items in a copy, as the restore named it.</summary>
    protected abstract Task<string> CopyIdsAsync(string copy);

    /// <summary>Those that are kept, as a restore names them.</summary>
    protected abstract Task<string[]> CopiesAsync();

    /// <summary>Six transactions, each in a segment of its own.</summary>
    protected async Task CaptureAsync()
    {
        await CreateAsync();
        using Process capture = Shell.Start("backup", "watch", "-d", Target, "--flush-every", "100ms");
        await Shell.UntilAsync(() => Directory.Exists(Log) || capture.HasExited, "the capture has begun");
        for (int id = 1; id <= Transactions; id++)
        {
            await InsertAsync(id);
            await Shell.UntilAsync(() => Manifests().Length == id || capture.HasExited, "the transaction is stored");
        }

        using Process stop = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        JsonElement[] segments = [.. Manifests().Order(StringComparer.Ordinal).Select(file => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(file)))];
        Positions = [.. segments.Select(segment => segment.GetProperty("position").GetProperty("end").GetString()!)];
        Instants = [.. segments.Select(segment => segment.GetProperty("segment").GetProperty("committedBy").GetString()!)];

        string[] Manifests() => Directory.GetFiles(Log, "manifest.json", SearchOption.AllDirectories);
    }

    protected async Task<string> KeepAsync(params string[] moment) =>
        (await Shell.JsonAsync(null, ["backup", "restore", "-d", Target, "--timeline", "1", "--keep-staging", .. moment])).GetProperty("staging").GetString()!;

    /// <summary>Brings the copy further and keeps it again.</summary>
    protected async Task<string> ContinueAsync(params string[] moment) =>
        (await Shell.JsonAsync(null, ["backup", "restore", "-d", Target, "--continue", "--keep-staging", .. moment])).GetProperty("staging").GetString()!;

    protected static string Ids(int last) => string.Join(',', Enumerable.Range(1, last));
}

/// <summary>All that goes with such copies, and against them.</summary>
public abstract class ContinueSuite : KeptCopySuite
{
    /// <summary>As -d takes it: one for which no copy is kept.</summary>
    protected abstract string OtherTarget { get; }

    /// <summary>In which a backup is no base of a log.</summary>
    protected abstract string FormatWithoutLog { get; }

    /// <summary>How often a run is killed, and within how many milliseconds.</summary>
    protected abstract (int Rounds, int Earliest, int Latest) Kills { get; }

    [Fact]
    public async Task It_can_be_taken_as_it_stands_and_a_new_one_takes_its_place()
    {
        await CaptureAsync();
        await KeepAsync("--to-position", Positions[0]);
        string copy = await KeepAsync("--to-position", Positions[2]);
        Assert.Equal([copy], await CopiesAsync());

        // Another restore to the same place does not take it away.
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--to-position", Positions[5], "--force");
        Assert.Equal(Ids(3), await CopyIdsAsync(copy));
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--force");
        Assert.Equal(Ids(3), await IdsAsync());
        Assert.Empty(await CopiesAsync());
    }

    [Fact]
    public async Task A_base_alone_is_kept_and_brought_to_the_end_of_the_log()
    {
        await CaptureAsync();
        string full = Path.GetFileName(Directory.GetDirectories(Path.Combine(Shell.Repository, "backups", Name)).Single());
        string copy = (await Shell.JsonAsync(null, "backup", "restore", full, "-d", Target, "--keep-staging")).GetProperty("staging").GetString()!;
        Assert.Equal("", await CopyIdsAsync(copy));
        copy = await ContinueAsync("--point-in-time", "latest");
        Assert.Equal([copy], await CopiesAsync());
        Assert.Equal(Ids(Transactions), await CopyIdsAsync(copy));
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        await CaptureAsync();
        await Shell.ExpectAsync(null, "backup", "create", "-d", Target, "--format", FormatWithoutLog);
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "latest", "-d", Target, "--keep-staging");
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", Target, "--to-position", Positions[1], "--keep-staging", "--tables", "item");
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "--continue");
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "latest", "-d", Target, "--continue");
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", Target, "--continue", "--tables", "item");
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", "postgres://nobody@localhost:1/x", "--continue");
        await Shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", Target, "--continue");
        string copy = await KeepAsync("--to-position", Positions[1]);
        await Shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", Target, "--continue", "--point-in-time", "2099-01-01", "--force");
        await Shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", OtherTarget, "--continue");

        // A gap behind the copy.
        string gone = Path.Combine(Log, "000000000004");
        Directory.Move(gone, gone + ".away");
        await Shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", Target, "--continue", "--to-position", Positions[5], "--force");
        Directory.Move(gone + ".away", gone);

        // Whoever changes the copy ends its history.
        await ChangeAsync(copy);
        BufferedCommandResult changed = await Shell.RunAsync("backup", "restore", "-d", Target, "--continue", "--to-position", Positions[5], "--force");
        Shell.Expect((int)ErrorKind.Integrity, changed);
        Assert.Contains("was changed since", changed.StandardError, StringComparison.Ordinal);
        Assert.Equal(Ids(Transactions), await IdsAsync());
    }

    /// <summary>Killed anywhere: the target is as it was or as it was to be, and what was begun can be gone on with.</summary>
    [Fact]
    public async Task One_that_is_killed_is_gone_on_with()
    {
        await CaptureAsync();
        Random random = new(5);
        int kept = 0;
        for (int round = 0; round < Kills.Rounds; round++)
        {
            await KeepAsync("--to-position", Positions[0]);
            string[] how = round % 3 == 2 ? ["--keep-staging"] : ["--force"];
            using Process going = Shell.Start(["backup", "restore", "-d", Target, "--continue", "--to-position", Positions[4], .. how]);
            await Task.Delay(random.Next(Kills.Earliest, Kills.Latest));
            going.Kill();
            await going.WaitForExitAsync();
            await UntilGoneAsync();
            if ((await CopiesAsync()).Length > 0)
            {
                kept++;
                await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--to-position", Positions[4], "--force");
            }

            Assert.Equal(Ids(5), await IdsAsync());
            Assert.Empty(await CopiesAsync());
            await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--to-position", Positions[5], "--timeline", "1", "--force");
            Assert.Equal(Ids(Transactions), await IdsAsync());
        }

        Assert.True(kept > 0, "Nothing was killed in time.");
    }

    protected abstract Task ChangeAsync(string copy);

    /// <summary>Until nobody knows of a killed process any more.</summary>
    protected virtual Task UntilGoneAsync() => Task.CompletedTask;
}
