using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>What holds for every engine's log: a hole made by hand is refused, named, with its bounds: nothing is restored across it, and verification finds it.</summary>
public abstract class LogDamageSuite : IDisposable
{
    private const int Segments = 6;
    private readonly Shell _shell = new();
    private readonly Shell _elsewhere = new();

    /// <summary>Where a database's log lies, of the name that <see cref="MakeAsync"/> is given.</summary>
    protected abstract string LogOf(string name);

    /// <summary>Makes a database with a table.</summary>
    /// <param name="elsewhere">On another server, or another machine.</param>
    protected abstract Task MakeAsync(Shell shell, string name, bool elsewhere);

    /// <summary>One transaction.</summary>
    protected abstract Task CommitAsync(Shell shell, string name, bool elsewhere);

    /// <summary>As <c>-d</c> takes it.</summary>
    protected abstract string AddressOf(Shell shell, string name, bool elsewhere);

    protected abstract Task<bool> ExistsAsync(Shell shell, string name);

    protected abstract Task DropAsync(Shell shell, string name);

    /// <summary>Where a restore takes seconds, most of those that must go well are only planned.</summary>
    protected virtual int RestoresOneOf => 1;

    public void Dispose()
    {
        _shell.Dispose();
        _elsewhere.Dispose();
        GC.SuppressFinalize(this);
    }

    private string Log => Path.Combine(_shell.Repository, "logs", LogOf("shop"), "1");

    [Fact]
    public async Task Damage_by_hand_is_named_and_nothing_is_restored_across_it()
    {
        await CaptureAsync("shop");
        DateTimeOffset[] instants = [.. Enumerable.Range(1, Segments).Select(CommittedBy)];
        string whole = _shell.PathOf("whole");
        await CopyAsync(_shell.Repository, whole);
        await CaptureAsync("other");

        // A second history, with a segment of every number.
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", AddressOf(_shell, "shop", elsewhere: false), "--force");
        await CaptureAsync("shop", exists: true);
        string beside = _shell.PathOf("beside");
        await CopyAsync(_shell.Repository, beside);

        // The same steps: a server's log may have the same positions.
        await CaptureAsync("shop", elsewhere: true);
        string there = Path.Combine(_elsewhere.Repository, "logs", LogOf("shop"), "1", "000000000003");
        int turns = 0;

        await DamagedAsync("deleted", () => Directory.Delete(Folder(3), recursive: true), ErrorKind.Refused, "segment 3 is missing");
        await DamagedAsync("without its manifest", () => File.Delete(Path.Combine(Folder(3), "manifest.json")), ErrorKind.Refused, "segment 3 is missing");
        await DamagedAsync("cut short", () => Cut(PartOf(3)), ErrorKind.Integrity, "000000000003");
        await DamagedAsync("altered", () => Alter(PartOf(3)), ErrorKind.Integrity, "000000000003");
        await DamagedAsync("with a cut manifest", () => Cut(Path.Combine(Folder(3), "manifest.json")), ErrorKind.Refused, "segment 3 is damaged");
        await DamagedAsync("swapped", () => Swap(Folder(3), Folder(4)), ErrorKind.Refused, "segment 3 is damaged");
        await DamagedAsync("in place of another", () => Replace(Folder(3), Folder(2)), ErrorKind.Refused, "segment 3 is damaged");
        await DamagedAsync("of another database", () => Replace(Folder(3), Path.Combine(beside, "logs", LogOf("other"), "1", "000000000003")), ErrorKind.Refused, "segment 3 is damaged");
        await DamagedAsync("of another history", () => Replace(Folder(3), Path.Combine(beside, "logs", LogOf("shop"), "2", "000000000003")), ErrorKind.Refused, "segment 3 is damaged");
        await DamagedAsync("of another server", () => Replace(Folder(3), there), ErrorKind.Refused, "segment 3 is another log's");
        await DamagedAsync("with the parts of another", () => Replace(PartOf(3), PartOf(2)), ErrorKind.Integrity, "000000000003");
        await DamagedAsync("with another's list", () => Replace(IndexOf(3), IndexOf(2)), ErrorKind.Integrity, "000000000003", damagesAll: false);

        async Task DamagedAsync(string what, Action damage, ErrorKind kind, string named, bool damagesAll = true)
        {
            Directory.Delete(_shell.Repository, recursive: true);
            await CopyAsync(whole, _shell.Repository);
            damage();
            bool isPlanned = turns++ % RestoresOneOf != 0;
            BufferedCommandResult before = await RestoreAsync(instants[0], isPlanned ? ["--dry-run"] : []);
            Assert.True(before.ExitCode == 0, $"{what}: what lies before is no longer restored\n{before.StandardError}");
            Assert.Equal(!isPlanned, await ExistsAsync(_shell, "copy"));
            await DropAsync(_shell, "copy");
            foreach (DateTimeOffset instant in (DateTimeOffset[])[instants[2], .. damagesAll ? [instants[^2]] : Array.Empty<DateTimeOffset>()])
            {
                BufferedCommandResult result = await RestoreAsync(instant);
                Assert.True(result.ExitCode == (int)kind, $"{what}: exit {result.ExitCode}\n{result.StandardOutput}{result.StandardError}");
                Assert.Contains(named, result.StandardError, StringComparison.Ordinal);
                Assert.False(await ExistsAsync(_shell, "copy"), what);
                if (kind == ErrorKind.Refused)
                {
                    Assert.Contains($"from {Show(Through(2))}", result.StandardError, StringComparison.Ordinal);
                }
            }

            BufferedCommandResult verified = await _shell.RunAsync("backup", "verify", "--all", "--deep");
            Assert.True(verified.ExitCode == (int)ErrorKind.Integrity, $"{what}: verify says nothing\n{verified.StandardOutput}");
            Assert.Contains("segment", verified.StandardError, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_first_of_another_server_is_noticed()
    {
        await CaptureAsync("shop");
        await CaptureAsync("shop", elsewhere: true);
        DateTimeOffset first = CommittedBy(1);
        Replace(Folder(1), Path.Combine(_elsewhere.Repository, "logs", LogOf("shop"), "1", "000000000001"));
        foreach (DateTimeOffset instant in new[] { first, CommittedBy(3) })
        {
            BufferedCommandResult result = await RestoreAsync(instant);
            Shell.Expect((int)ErrorKind.Refused, result);
            Assert.Contains("segment 1 is another log's", result.StandardError, StringComparison.Ordinal);
        }

        BufferedCommandResult verified = await _shell.RunAsync("backup", "verify", "--all");
        Shell.Expect((int)ErrorKind.Integrity, verified);
        Assert.Contains("segment-1-000000000001: it is another log's", verified.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_end_is_noticed()
    {
        await CaptureAsync("shop");
        Directory.Delete(Folder(Segments), recursive: true);
        string output = (await _shell.JsonAsync(null, "backup", "status")).GetRawText();
        Assert.Contains($"segment {Segments} is missing", output, StringComparison.Ordinal);
        BufferedCommandResult verified = await _shell.RunAsync("backup", "verify", "--all");
        Assert.Equal((int)ErrorKind.Integrity, verified.ExitCode);
        Assert.Contains($"segment {Segments} is missing", verified.StandardError, StringComparison.Ordinal);
    }

    private string Folder(int number) => Path.Combine(Log, number.ToString("D12", CultureInfo.InvariantCulture));

    private string PartOf(int number) => Directory.GetFiles(Path.Combine(Folder(number), "parts")).Single();

    private string IndexOf(int number) => Directory.GetFiles(Folder(number), "index.*").Single();

    private DateTimeOffset CommittedBy(int number) => SegmentOf(number).GetProperty("committedBy").GetDateTimeOffset();

    private DateTimeOffset Through(int number) => SegmentOf(number).GetProperty("through").GetDateTimeOffset();

    private JsonElement SegmentOf(int number)
    {
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(number), "manifest.json")));
        return manifest.RootElement.GetProperty("segment").Clone();
    }

    private static string Show(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private Task<BufferedCommandResult> RestoreAsync(DateTimeOffset instant, params string[] options) =>
        _shell.RunAsync(["backup", "restore", "latest", "-d", AddressOf(_shell, "copy", elsewhere: false), "--point-in-time", Show(instant), "--timeline", "1", .. options]);

    /// <summary>Follows a database while it is written to: one transaction a segment.</summary>
    private async Task CaptureAsync(string name, bool exists = false, bool elsewhere = false)
    {
        Shell shell = elsewhere ? _elsewhere : _shell;
        if (!exists)
        {
            await MakeAsync(shell, name, elsewhere);
        }

        using Process capture = shell.Start("backup", "watch", "-d", AddressOf(shell, name, elsewhere), "--flush-every", "100ms");
        string logs = Path.Combine(shell.Repository, "logs", LogOf(name));
        int heads = HeadsIn(logs);
        await Shell.UntilAsync(() => HeadsIn(logs) > heads || capture.HasExited, "the capture has begun");
        for (int i = 0; i < Segments; i++)
        {
            int before = SegmentsIn(logs);
            await CommitAsync(shell, name, elsewhere);
            await Shell.UntilAsync(() => SegmentsIn(logs) > before || capture.HasExited, "the transaction is stored");
        }

        using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        Assert.True(capture.ExitCode == 143, await capture.StandardError.ReadToEndAsync());
    }

    private static int HeadsIn(string logs) => Directory.Exists(logs) ? Directory.GetFiles(logs, "head-*.json", SearchOption.AllDirectories).Length : 0;

    private static int SegmentsIn(string logs) => Directory.Exists(logs) ? Directory.GetFiles(logs, "manifest.json", SearchOption.AllDirectories).Length : 0;

    private static async Task CopyAsync(string from, string to) => await CliWrap.Cli.Wrap("cp").WithArguments(["-a", from, to]).ExecuteAsync();

    private static void Cut(string file)
    {
        using FileStream stream = File.OpenWrite(file);
        stream.SetLength(stream.Length - 1);
    }

    private static void Alter(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private static void Swap(string one, string other)
    {
        Directory.Move(one, one + "-aside");
        Directory.Move(other, one);
        Directory.Move(one + "-aside", other);
    }

    /// <summary>A file's content, or a whole folder.</summary>
    private static void Replace(string place, string by)
    {
        if (File.Exists(by))
        {
            File.WriteAllBytes(place, File.ReadAllBytes(by));
            return;
        }

        Directory.Delete(place, recursive: true);
        CliWrap.Cli.Wrap("cp").WithArguments(["-a", by, place]).ExecuteAsync().Task.GetAwaiter().GetResult();
    }
}
