using System.Diagnostics;
using System.Globalization;
using System.Text;
using AiShell.Testing.Engines.MySql;
using CliWrap.Buffered;
using MySqlConnector;

namespace AiShell.EndToEndTests;

public sealed class MySqlWatchTests : MySqlWatchSuite;

public sealed class MySqlServerWatchTests : MySqlWatchSuite
{
    protected override Task<MySqlFamilyServer> StartServerAsync() => StartMySqlAsync();
}

/// <summary>A capture of a server's log meets what it cannot keep.</summary>
public abstract class MySqlWatchSuite : MySqlSuite
{
    [Fact]
    public async Task After_a_transaction_that_cannot_be_replayed_it_begins_anew_and_says_why()
    {
        await CreateAsync("shop", "CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(50))");
        using Process capture = Shell.Start("backup", "watch", "-d", Url("shop"), "--flush-every", "200ms");
        Task<string> errors = capture.StandardError.ReadToEndAsync();
        await InsertUntilAsync(capture, SegmentsNow() + 1);

        await RunAsync("shop", "SET binlog_format = STATEMENT; INSERT INTO t(v) VALUES (uuid())");
        await Shell.UntilAsync(() => Bases() == 2 || capture.HasExited, "a full backup is made after it");
        await InsertUntilAsync(capture, SegmentsNow() + 1);

        using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        Assert.Contains("written as its statement", await errors, StringComparison.Ordinal);
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Url("shop"), "--point-in-time", "latest", "--force");
        Assert.Contains("after", await RunAsync("shop", "SELECT v FROM t ORDER BY id DESC LIMIT 1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_backup_that_others_are_in_the_way_of_is_made_when_they_are_gone()
    {
        await CreateAsync("shop", "CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(50))");
        await using MySqlConnection other = await OpenAsync();
        await using MySqlCommand hold = new("LOCK TABLES shop.t WRITE", other);
        await hold.ExecuteNonQueryAsync();
        using Process capture = Shell.Start("backup", "watch", "-d", Url("shop"), "--flush-every", "200ms", "--lock-wait", "1s");
        Assert.Contains("The first backup was not made", await capture.StandardError.ReadLineAsync(), StringComparison.Ordinal);

        await other.CloseAsync();
        await InsertUntilAsync(capture, SegmentsNow() + 1);

        using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        Assert.Equal(1, Bases());
    }

    [Fact]
    public async Task A_connection_that_breaks_is_told_and_the_log_is_read_on_without_a_hole()
    {
        await CreateAsync("shop", "CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(50))");
        using Process capture = Shell.Start("backup", "watch", "-d", Url("shop"), "--flush-every", "200ms");
        StringBuilder errors = new();
        capture.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.AppendLine(line.Data);
            }
        };
        capture.BeginErrorReadLine();
        await InsertUntilAsync(capture, SegmentsNow() + 1);

        string reader = await RunAsync("shop", "SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Binlog Dump'");
        await RunAsync("shop", $"KILL CONNECTION {reader.Trim()}; INSERT INTO t(v) VALUES ('meanwhile')");
        await Shell.UntilAsync(() => Has("cannot be read now") && Has("is read again") || capture.HasExited, "both are told");
        await InsertUntilAsync(capture, SegmentsNow() + 1);

        using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        Assert.Equal(1, Bases());
        string written = await RunAsync("shop", "SELECT * FROM t ORDER BY id");
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Url("shop"), "--point-in-time", "latest", "--force");
        Assert.StartsWith(await RunAsync("shop", "SELECT * FROM t ORDER BY id"), written, StringComparison.Ordinal);
        Assert.Contains("meanwhile", await RunAsync("shop", "SELECT v FROM t"), StringComparison.Ordinal);

        bool Has(string words)
        {
            lock (errors)
            {
                return errors.ToString().Contains(words, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Of what was committed while no capture ran the order is known, and what the server wrote beside it.</summary>
    [Fact]
    public async Task An_instant_while_nobody_listened_is_told_by_the_servers_stamps()
    {
        await CreateAsync("shop", "CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(50))");
        await WatchAsync();
        await RunAsync("shop", "INSERT INTO t(v) VALUES ('earlier')");
        await Task.Delay(2100);
        DateTimeOffset between = DateTimeOffset.UtcNow;
        await Task.Delay(2100);
        await RunAsync("shop", "INSERT INTO t(v) VALUES ('later')");
        await WatchAsync();

        BufferedCommandResult refused = await Shell.RunAsync("backup", "restore", "--database", Url("shop"), "--point-in-time", between.ToString("o", CultureInfo.InvariantCulture), "--force");
        Shell.Expect((int)ErrorKind.Refused, refused);
        string position = refused.StandardError.Split("the last before it is of")[1].Split("--to-position '")[1].Split('\'')[0];
        await Shell.ExpectAsync(null, "backup", "restore", "--database", Url("shop"), "--to-position", position, "--force");
        Assert.Equal("earlier", (await RunAsync("shop", "SELECT v FROM t ORDER BY id")).Split('\n')[^1]);

        async Task WatchAsync()
        {
            using Process capture = Shell.Start("backup", "watch", "-d", Url("shop"), "--flush-every", "200ms");
            await InsertUntilAsync(capture, SegmentsNow() + 1);
            using Process terminate = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
            await capture.WaitForExitAsync();
        }
    }

    private async Task InsertUntilAsync(Process capture, int segments)
    {
        for (int tries = 0; SegmentsNow() < segments && !capture.HasExited && tries < 300; tries++)
        {
            if (Bases() > 0)
            {
                await RunAsync("shop", "INSERT INTO t(v) VALUES ('after')");
            }

            await Task.Delay(100);
        }
    }

    private int SegmentsNow() => Shell.ManifestsOf("logs");

    private int Bases() => Shell.ManifestsOf("backups");
}
