using System.Diagnostics;
using System.Text.Json;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Looking for the right moment: a copy is kept beside the target, looked at, brought further, and put in place at last.</summary>
public sealed class ContinueTests : IDisposable
{
    private const int Transactions = 6;
    private readonly Shell _shell = new();
    private string _path = "";
    private string[] _positions = [];
    private string[] _instants = [];

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task A_copy_is_brought_further_until_it_is_the_right_one()
    {
        await CaptureAsync();
        string copy = await KeepAsync("--to-position", _positions[1]);
        Assert.Equal(Ids(2), await IdsAsync(copy));
        Assert.Equal(Ids(Transactions), await IdsAsync(_path));

        // The base is read no more: without its parts a new restore is impossible, and this goes on.
        string parts = Path.Combine(Directory.GetDirectories(Path.Combine(_shell.Repository, "backups", "shop.db")).Single(), "parts");
        Directory.Move(parts, parts + ".away");
        JsonElement plan = await _shell.JsonAsync(null, "backup", "restore", "-d", _path, "--continue", "--point-in-time", _instants[3], "--dry-run");
        Assert.Equal(_positions[3], plan.GetProperty("position").GetString());
        Assert.Contains("segment-1-000000000003", plan.GetProperty("steps")[1].GetString(), StringComparison.Ordinal);
        JsonElement again = await _shell.JsonAsync(null, "backup", "restore", "-d", _path, "--continue", "--point-in-time", _instants[3], "--keep-staging");
        Assert.Equal(copy, again.GetProperty("staging").GetString());
        Assert.Equal(Ids(4), await IdsAsync(copy));
        Assert.Equal(Ids(Transactions), await IdsAsync(_path));

        // Not backwards, and not without consent.
        BufferedCommandResult behind = await _shell.RunAsync("backup", "restore", "-d", _path, "--continue", "--to-position", _positions[2], "--force");
        Shell.Expect((int)ErrorKind.Refused, behind);
        Assert.Contains("lies before that", behind.StandardError, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", _path, "--continue");
        Assert.Equal(Ids(Transactions), await IdsAsync(_path));

        await _shell.ExpectAsync(null, "backup", "restore", "-d", _path, "--continue", "--to-position", _positions[4], "--force");
        Assert.Equal(Ids(5), await IdsAsync(_path));
        Assert.Empty(Staging());
        Assert.True(File.Exists(Path.Combine(_shell.Repository, "logs", "shop.db", "2", "timeline.json")));
        await _shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", _path, "--continue", "--force");
    }

    [Fact]
    public async Task It_can_be_taken_as_it_stands_and_a_new_one_takes_its_place()
    {
        await CaptureAsync();
        await KeepAsync("--to-position", _positions[0]);
        string copy = await KeepAsync("--to-position", _positions[2]);
        Assert.Single(Staging());

        // Another restore to the same place does not take it away.
        await _shell.ExpectAsync(null, "backup", "restore", "-d", _path, "--to-position", _positions[5], "--force");
        Assert.Equal(Ids(3), await IdsAsync(copy));
        await _shell.ExpectAsync(null, "backup", "restore", "-d", _path, "--continue", "--force");
        Assert.Equal(Ids(3), await IdsAsync(_path));
        Assert.Empty(Staging());
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        await CaptureAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", _path, "--format", "sql");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "latest", "-d", _path, "--keep-staging");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", _path, "--to-position", _positions[1], "--keep-staging", "--tables", "item");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "--continue");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "latest", "-d", _path, "--continue");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", _path, "--continue", "--tables", "item");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", "mysql://nobody@localhost:1/x", "--continue");
        await _shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", _path, "--continue");
        string copy = await KeepAsync("--to-position", _positions[1]);
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", _path, "--continue", "--point-in-time", "2099-01-01", "--force");

        // A gap behind the copy.
        string gone = Path.Combine(_shell.Repository, "logs", "shop.db", "1", "000000000004");
        Directory.Move(gone, gone + ".away");
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", _path, "--continue", "--to-position", _positions[5], "--force");
        Directory.Move(gone + ".away", gone);

        // Whoever changes the copy ends its history.
        await Shell.SqliteAsync(copy, "INSERT INTO item VALUES(99, x'00');");
        BufferedCommandResult changed = await _shell.RunAsync("backup", "restore", "-d", _path, "--continue", "--to-position", _positions[5], "--force");
        Shell.Expect((int)ErrorKind.Integrity, changed);
        Assert.Contains("was changed since", changed.StandardError, StringComparison.Ordinal);
        Assert.Equal(Ids(Transactions), await IdsAsync(_path));
    }

    /// <summary>Killed anywhere: the target is as it was or as it was to be, and what was begun can be gone on with.</summary>
    [Fact]
    public async Task One_that_is_killed_is_gone_on_with()
    {
        await CaptureAsync();
        Random random = new(5);
        int kept = 0;
        for (int round = 0; round < 12; round++)
        {
            await KeepAsync("--to-position", _positions[0]);
            using Process going = _shell.Start("backup", "restore", "-d", _path, "--continue", "--to-position", _positions[4], "--force");
            await Task.Delay(random.Next(150, 900));
            going.Kill();
            await going.WaitForExitAsync();
            string ids = await IdsAsync(_path);
            if (Staging().Any(folder => File.Exists(Path.Combine(folder, "new.db"))))
            {
                kept++;
                Assert.NotEqual(Ids(5), ids);
                await _shell.ExpectAsync(null, "backup", "restore", "-d", _path, "--continue", "--to-position", _positions[4], "--force");
            }

            Assert.Equal(Ids(5), await IdsAsync(_path));
            await _shell.ExpectAsync(null, "backup", "restore", "-d", _path, "--to-position", _positions[5], "--timeline", "1", "--force");
        }

        Assert.True(kept > 0, "Nothing was killed in time.");
    }

    /// <summary>Six transactions, each in a segment of its own.</summary>
    private async Task CaptureAsync()
    {
        _path = _shell.PathOf("shop.db");
        await Shell.SqliteAsync(_path, "PRAGMA journal_mode = wal; CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB);");
        string log = Path.Combine(_shell.Repository, "logs", "shop.db", "1");
        using Process capture = _shell.Start("backup", "watch", "-d", _path, "--flush-every", "100ms");
        await Shell.UntilAsync(() => Directory.Exists(log) || capture.HasExited, "the capture has begun");
        for (int id = 1; id <= Transactions; id++)
        {
            await Shell.SqliteAsync(_path, $"INSERT INTO item VALUES({id}, randomblob(20000));");
            await Shell.UntilAsync(() => Manifests().Length == id || capture.HasExited, "the transaction is stored");
        }

        using Process stop = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        JsonElement[] segments = [.. Manifests().Order(StringComparer.Ordinal).Select(file => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(file)))];
        _positions = [.. segments.Select(segment => segment.GetProperty("position").GetProperty("end").GetString()!)];
        _instants = [.. segments.Select(segment => segment.GetProperty("segment").GetProperty("committedBy").GetString()!)];

        string[] Manifests() => Directory.GetFiles(log, "manifest.json", SearchOption.AllDirectories);
    }

    private async Task<string> KeepAsync(params string[] moment) =>
        (await _shell.JsonAsync(null, ["backup", "restore", "-d", _path, "--timeline", "1", "--keep-staging", .. moment])).GetProperty("staging").GetString()!;

    private string[] Staging() => Directory.GetDirectories(Path.GetDirectoryName(_path)!, ".ai-shell-restore-*");

    private static string Ids(int last) => string.Join(',', Enumerable.Range(1, last));

    private static Task<string> IdsAsync(string path) => Shell.SqliteAsync(path, "SELECT group_concat(id) FROM (SELECT id FROM item ORDER BY id);");
}
