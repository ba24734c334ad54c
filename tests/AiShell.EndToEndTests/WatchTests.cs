using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CliWrap.Buffered;
using Microsoft.Data.Sqlite;

namespace AiShell.EndToEndTests;

/// <summary>Following a database's log, as a person does.</summary>
public sealed class WatchTests : IDisposable
{
    private const string Schema = "PRAGMA journal_mode = wal; CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB);";
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    private string Logs => Path.Combine(_shell.Repository, "logs", "shop.db");

    [Fact]
    public async Task A_restore_stops_where_it_is_told()
    {
        string path = await MakeAsync();
        using Process capture = await StartAsync(path, "--flush-every", "100ms", "--compression", "zstd", "--level", "5");
        for (int i = 1; i <= 4; i++)
        {
            await InsertAsync(path, i);
        }

        await StopAsync(capture, "TERM", 143);
        JsonElement[] segments = SegmentsOf(1);
        Assert.All(segments, segment => Assert.Equal(("zstd", 5), (segment.GetProperty("compression").GetProperty("codec").GetString(), segment.GetProperty("compression").GetProperty("level").GetInt32())));

        JsonElement status = (await _shell.JsonAsync(null, "backup", "status"))[0];
        JsonElement window = Assert.Single(status.GetProperty("windows").EnumerateArray());
        Assert.True(status.GetProperty("lagMs").GetInt64() >= 0);
        Assert.True(JsonElement.DeepEquals(window, Assert.Single((await _shell.JsonAsync(null, "backup", "info", "latest")).GetProperty("windows").EnumerateArray())));

        string committed = Text(segments[1].GetProperty("segment").GetProperty("committedBy"));
        string position = segments[2].GetProperty("position").GetProperty("end").GetString()!;
        Assert.Equal("1,2", await RestoreAsync("--point-in-time", committed));
        Assert.Equal("1,2,3", await RestoreAsync("--to-position", position));
        Assert.Equal("1,2,3,4", await RestoreAsync("--point-in-time", "latest"));
        JsonElement plan = await _shell.JsonAsync(null, "backup", "restore", "-d", path, "--point-in-time", committed, "--dry-run");
        Assert.Equal(3, plan.GetProperty("chain").GetArrayLength());
        Assert.Equal(segments[1].GetProperty("position").GetProperty("end").GetString(), plan.GetProperty("position").GetString());

        // Outside, and nonsense.
        BufferedCommandResult late = await _shell.RunAsync("backup", "restore", "-d", path, "--point-in-time", "2099-01-01", "--force");
        Shell.Expect((int)ErrorKind.Refused, late);
        Assert.Contains(Text(window.GetProperty("through")), late.StandardError, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", path, "--to-position", "change 9999", "--force");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", path, "--point-in-time", "yesterdayish");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", path, "--point-in-time", committed, "--to-position", position);
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", path, "--timeline", "1");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "restore");
        Assert.Equal("1,2,3,4", await IdsAsync(path));
    }

    [Fact]
    public async Task A_restore_over_the_database_begins_another_history()
    {
        string path = await MakeAsync();
        using (Process capture = await StartAsync(path, "--flush-every", "100ms"))
        {
            await InsertAsync(path, 1);
            await InsertAsync(path, 2);
            await StopAsync(capture, "INT", 130);
        }

        string first = Text(SegmentsOf(1)[0].GetProperty("segment").GetProperty("committedBy"));
        string second = SegmentsOf(1)[1].GetProperty("position").GetProperty("end").GetString()!;
        await _shell.ExpectAsync(null, "backup", "restore", "-d", path, "--point-in-time", first, "--force");
        Assert.Equal("1", await IdsAsync(path));
        using (Process capture = await StartAsync(path, "--flush-every", "100ms"))
        {
            await InsertAsync(path, 7);
            await StopAsync(capture, "TERM", 143);
        }

        JsonElement backup = await _shell.JsonAsync(null, "backup", "info", "latest");
        Assert.Equal((2, "full"), (backup.GetProperty("timeline").GetInt32(), backup.GetProperty("backup").GetProperty("kind").GetString()));
        Assert.Equal("1,7", await RestoreAsync("--point-in-time", "latest"));
        Assert.Equal("1,2", await RestoreAsync("--point-in-time", "latest", "--timeline", "1"));
        Assert.Equal("1,2", await RestoreAsync("--to-position", second));
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "-d", path, "--to-position", second, "--timeline", "2", "--force");
    }

    [Fact]
    public async Task One_that_was_killed_goes_on_where_it_was_left()
    {
        string path = await MakeAsync();
        using SqliteConnection application = Open(path);
        using (Process capture = await StartAsync(path, "--flush-every", "100ms"))
        {
            await InsertAsync(path, 1);
            await StopAsync(capture, "KILL", 137);
        }

        await Task.Delay(2100);
        string away = Text(JsonSerializer.SerializeToElement(DateTimeOffset.UtcNow), later: 0);
        await Shell.SqliteAsync(path, "INSERT INTO item VALUES(2, randomblob(3000)); INSERT INTO item VALUES(3, randomblob(3000));");
        using (Process capture = _shell.Start("backup", "watch", "-d", path, "--flush-every", "100ms"))
        {
            await Shell.UntilAsync(() => _shell.ManifestsOf("logs") == 2 || capture.HasExited, "what was committed meanwhile is stored");
            await InsertAsync(path, 4);
            Assert.Contains("on from where it was left", await StopAsync(capture, "TERM", 143), StringComparison.Ordinal);
        }

        Assert.Single((await _shell.JsonAsync(null, "backup", "list")).EnumerateArray());
        Assert.Single((await _shell.JsonAsync(null, "backup", "status"))[0].GetProperty("windows").EnumerateArray());
        Assert.Equal([1, 2, 3], SegmentsOf(1).Select(segment => segment.GetProperty("segment").GetProperty("number").GetInt32()));
        Assert.Equal("1,2,3", await RestoreAsync("--to-position", SegmentsOf(1)[1].GetProperty("position").GetProperty("end").GetString()!));
        Assert.Equal("1,2,3,4", await RestoreAsync("--point-in-time", "latest"));
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "latest", "-d", _shell.PathOf("copy.db"), "--point-in-time", away);

        // Killed again, and the log is begun anew before it is back.
        using (Process capture = _shell.Start("backup", "watch", "-d", path, "--flush-every", "100ms"))
        {
            await InsertAsync(path, 5);
            await StopAsync(capture, "KILL", 137);
        }

        await Shell.SqliteAsync(path, "PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO item VALUES(6, randomblob(3000));");
        using (Process capture = _shell.Start("backup", "watch", "-d", path, "--flush-every", "100ms"))
        {
            await Shell.UntilAsync(() => _shell.ManifestsOf("backups") == 2 || capture.HasExited, "an increment closes the hole");
            await InsertAsync(path, 7);
            Assert.Contains("was begun anew meanwhile", await StopAsync(capture, "TERM", 143), StringComparison.Ordinal);
        }

        JsonElement[] windows = [.. (await _shell.JsonAsync(null, "backup", "status"))[0].GetProperty("windows").EnumerateArray()];
        Assert.Equal(2, windows.Length);
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "latest", "-d", _shell.PathOf("copy.db"), "--point-in-time", Text(windows[0].GetProperty("through"), later: 1));
        Assert.Equal("1,2,3,4,5,6,7", await RestoreAsync("--point-in-time", "latest"));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
    }

    [Fact]
    public async Task Who_has_to_wait_is_told_at_once_for_whom_and_for_how_long()
    {
        string path = await MakeAsync();
        using Process first = await StartAsync(path);
        using Process second = _shell.Start("backup", "watch", "-d", path, "--lock-wait", "10m");

        string? said = await second.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Matches($"^Waiting for the lock 'log-shop.db', for 10.0 min at most: it is held by 'backup watch' \\(process {first.Id} on .+, since .+ UTC\\)\\.$", said);
        Assert.False(second.HasExited);
        await StopAsync(first, "TERM", 143);
        while (await second.StandardError.ReadLineAsync() is { } line && !line.StartsWith("Following the log", StringComparison.Ordinal))
        {
            Assert.StartsWith("Warning:", line, StringComparison.Ordinal); // the first has taken the write-ahead log with it
        }

        await StopAsync(second, "TERM", 143);

        // Every command that waits for a lock does.
        BufferedCommandResult pruned = await HoldAsync("database-shop.db", () => _shell.RunAsync("backup", "prune", "-d", path, "--lock-wait", "1s"));
        Shell.Expect((int)ErrorKind.Busy, pruned);
        Assert.StartsWith("Waiting for the lock 'database-shop.db', for 1.0 s at most: it is held by 'backup import' (process 7 on elsewhere, ", pruned.StandardError, StringComparison.Ordinal);
        BufferedCommandResult atOnce = await HoldAsync("database-shop.db", () => _shell.RunAsync("backup", "create", "-d", path, "--lock-wait", "0s"));
        Shell.Expect((int)ErrorKind.Busy, atOnce);
        Assert.DoesNotContain("Waiting", atOnce.StandardError, StringComparison.Ordinal);
    }

    /// <summary>As a process of another machine does.</summary>
    private async Task<BufferedCommandResult> HoldAsync(string name, Func<Task<BufferedCommandResult>> run)
    {
        string file = Path.Combine(_shell.Repository, "locks", $"{name}.99999999.json");
        await File.WriteAllTextAsync(
            file,
            """{"holder":"x","operation":"backup import","host":"elsewhere","processId":7,"processStarted":"2026-01-01T00:00:00Z","acquiredAt":"2026-01-01T00:00:00Z","expiresAt":"2999-01-01T00:00:00Z","released":false}""");
        BufferedCommandResult result = await run();
        File.Delete(file);
        return result;
    }

    [Fact]
    public async Task A_base_is_renewed_beside_the_log_and_what_lies_before_can_go()
    {
        string path = await MakeAsync();
        using Process capture = await StartAsync(path, "--flush-every", "100ms", "--full-every", "2s");
        await InsertAsync(path, 1);
        for (int id = 2; _shell.ManifestsOf("backups") < 2; id++)
        {
            Assert.True(id < 200, "No second full backup was made.");
            await InsertAsync(path, id);
        }

        await InsertAsync(path, 500);
        await InsertAsync(path, 501);
        await StopAsync(capture, "TERM", 143);
        string[] backups = [.. (await _shell.JsonAsync(null, "backup", "list")).EnumerateArray().Select(backup => backup.GetProperty("id").GetString()!)];
        int segments = _shell.ManifestsOf("logs");
        await _shell.ExpectAsync(null, "backup", "delete", backups[^1], "--force");

        // What follows the second backup is still there to the last transaction; what led to it is gone.
        Assert.InRange(_shell.ManifestsOf("logs"), 2, segments - 1);
        Assert.EndsWith(",500,501", await RestoreAsync("--point-in-time", "latest"), StringComparison.Ordinal);
        Assert.Single((await _shell.JsonAsync(null, "backup", "status"))[0].GetProperty("windows").EnumerateArray());
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        foreach (string backup in backups[..^1])
        {
            await _shell.ExpectAsync(null, "backup", "delete", backup, "--force");
        }

        Assert.Equal(0, _shell.ManifestsOf("logs"));
    }

    [Fact]
    public async Task Only_one_capture_is_at_work()
    {
        string path = await MakeAsync();
        using Process capture = await StartAsync(path);
        BufferedCommandResult second = await _shell.RunAsync("backup", "watch", "-d", path, "--lock-wait", "1s");
        Shell.Expect((int)ErrorKind.Busy, second);
        Assert.Contains("backup watch", second.StandardError, StringComparison.Ordinal);

        // A restore over the database meets it, too, and ends no history.
        await InsertAsync(path, 1);
        await _shell.ExpectAsync(ErrorKind.Busy, "backup", "restore", "latest", "-d", path, "--force", "--lock-wait", "0s");
        await InsertAsync(path, 2);
        Assert.Equal("1,2", await RestoreAsync("--point-in-time", "latest"));
        Assert.False(Directory.Exists(Path.Combine(Logs, "2")) && Directory.GetFiles(Path.Combine(Logs, "2")).Length > 0);
        await StopAsync(capture, "TERM", 143);
    }

    [Fact]
    public async Task The_databases_own_log_stays_within_its_limit()
    {
        string path = await MakeAsync();
        using Process capture = await StartAsync(path, "--flush-every", "100ms", "--log-limit", "256KB");
        long largest = 0;
        for (int i = 0; i < 60; i++)
        {
            await Shell.SqliteAsync(path, "INSERT INTO item(content) VALUES(randomblob(200000));");
            largest = Math.Max(largest, new FileInfo(path + "-wal").Length);
            await Task.Delay(50);
        }

        await StopAsync(capture, "TERM", 143);
        Assert.True(largest < 10_000_000, $"12 MB were written, and the log grew to {largest} bytes.");
        Assert.Equal(60, (await RestoreAsync("--point-in-time", "latest")).Split(',').Length);
    }

    [Fact]
    public async Task A_database_without_a_log_is_told_what_to_do()
    {
        string path = _shell.PathOf("plain.db");
        await Shell.SqliteAsync(path, "CREATE TABLE item(id INTEGER PRIMARY KEY);");
        BufferedCommandResult plain = await _shell.RunAsync("backup", "watch", "-d", path);
        Shell.Expect((int)ErrorKind.Usage, plain);
        Assert.Contains("journal_mode = wal", plain.StandardError, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "watch", "-d", "postgresql://nobody@localhost:1/x");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "watch", "-d", path, "--flush-every", "soon");
        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "watch", "-d", path, "--log-limit", "much");
    }

    private async Task<string> MakeAsync()
    {
        string path = _shell.PathOf("shop.db");
        await Shell.SqliteAsync(path, Schema);
        return path;
    }

    private async Task<Process> StartAsync(string path, params string[] options)
    {
        int heads = Heads();
        Process capture = _shell.Start(["backup", "watch", "-d", path, .. options]);
        await Shell.UntilAsync(() => Heads() > heads || capture.HasExited, "the capture has begun");
        return capture;

        int Heads() => Directory.Exists(Logs) ? Directory.GetFiles(Logs, "head-*.json", SearchOption.AllDirectories).Length : 0;
    }

    /// <returns>What it said.</returns>
    private static async Task<string> StopAsync(Process capture, string signal, int exitCode)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{capture.Id}"]);
        string errors = await capture.StandardError.ReadToEndAsync();
        await capture.WaitForExitAsync();
        Assert.True(capture.ExitCode == exitCode, errors);
        return errors;
    }

    /// <summary>A transaction of its own, in a segment of its own.</summary>
    private async Task InsertAsync(string path, int id)
    {
        int segments = _shell.ManifestsOf("logs");
        await Shell.SqliteAsync(path, $"INSERT INTO item VALUES({id}, randomblob(3000));");
        await Shell.UntilAsync(() => _shell.ManifestsOf("logs") > segments, "the transaction is stored");
    }

    private JsonElement[] SegmentsOf(int timeline) =>
    [
        .. Directory.GetFiles(Path.Combine(Logs, $"{timeline}"), "manifest.json", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(file))),
    ];

    private async Task<string> RestoreAsync(params string[] moment)
    {
        string copy = _shell.PathOf("copy.db");
        await _shell.ExpectAsync(null, ["backup", "restore", "latest", "-d", copy, .. moment]);
        string ids = await IdsAsync(copy);
        File.Delete(copy);
        return ids;
    }

    private static Task<string> IdsAsync(string path) => Shell.SqliteAsync(path, "SELECT group_concat(id) FROM (SELECT id FROM item ORDER BY id);");

    /// <summary>As long as it is open, the stock shell does not take the log away with it.</summary>
    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        connection.Open();
        using SqliteCommand read = connection.CreateCommand();
        read.CommandText = "SELECT count(*) FROM item";
        read.ExecuteScalar();
        return connection;
    }

    private static string Text(JsonElement instant, int later = 0) => instant.GetDateTimeOffset().UtcDateTime.AddMilliseconds(later).ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
