using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiShell.Testing.Engines.MySql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

public sealed class MySqlIncrementMomentTests : MySqlIncrementMomentSuite;

public sealed class MySqlServerIncrementMomentTests : MySqlIncrementMomentSuite
{
    protected override Task<MySqlFamilyServer> StartServerAsync() => StartMySqlAsync();

    // A private server of MySQL's takes its time.
    protected override int[] Places => [6];
}

/// <summary>Moments within increments that nobody followed the log for: any position can be restored, and an instant is told by the server's stamps, never guessed.</summary>
public abstract partial class MySqlIncrementMomentSuite : MySqlSuite
{
    private readonly List<string> _positions = [];

    /// <summary>Behind how many rows positions are restored.</summary>
    protected virtual int[] Places => [1, 2, 5, 7];

    [Fact]
    public async Task Any_position_can_be_restored_and_an_instant_is_told_by_its_stamps()
    {
        await CreateAsync("other", "CREATE TABLE x(i int)");
        await CreateAsync("shop", "CREATE TABLE item(id int PRIMARY KEY, note varchar(100))");
        string full = await BackUpAsync();
        await InsertAsync(2);
        string first = await BackUpAsync("--incremental");
        await InsertAsync(2);
        await Task.Delay(2100); // the stamps of MariaDB's are whole seconds, of when a statement began
        DateTimeOffset between = DateTimeOffset.UtcNow;
        await Task.Delay(2100);
        await RunAsync("shop", "ALTER TABLE item ADD extra int DEFAULT 7");
        await InsertAsync(2);
        string second = await BackUpAsync("--incremental");
        DateTimeOffset quiet = DateTimeOffset.UtcNow;
        await RunAsync("other", "INSERT INTO x VALUES (1)");
        await BackUpAsync("--incremental");
        await InsertAsync(1);
        string last = await BackUpAsync("--incremental");

        // However the position is said.
        foreach (int place in Places)
        {
            string position = _positions[place - 1];
            await Shell.ExpectAsync(null, "backup", "restore", "--database", Url("shop"), "--to-position", place % 2 == 0 ? position.Split(' ')[0] : position, "--keep-staging");
            Assert.Equal(Ids(place), await IdsAsync(await KeptAsync()));
        }

        // What a plan says, and from which backup it may go.
        JsonElement plan = await Shell.JsonAsync(null, "backup", "restore", second, "-d", Url("copy"), "--to-position", _positions[3], "--dry-run");
        Assert.Equal([full, first, second], plan.GetProperty("chain").EnumerateArray().Select(id => id.GetString()));
        Assert.Contains(plan.GetProperty("steps").EnumerateArray(), step => step.GetString()!.StartsWith($"of {second} only what is before '", StringComparison.Ordinal));
        await Shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", last, "-d", Url("copy"), "--to-position", _positions[3], "--force");
        foreach (string nowhere in (string[])["bin.999999:4", "nonsense", string.Concat(_positions[0].Split(':')[0], ":5")])
        {
            await Shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "--database", Url("shop"), "--to-position", nowhere, "--force");
        }

        // An instant is refused with the position that its server's stamps suggest.
        BufferedCommandResult refused = await Shell.RunAsync("backup", "restore", "--database", Url("shop"), "--point-in-time", between.ToString("o", CultureInfo.InvariantCulture), "--force");
        Shell.Expect((int)ErrorKind.Refused, refused);
        Assert.Contains($"{second} has 5 transactions", refused.StandardError, StringComparison.Ordinal);
        string suggested = Assert.Single(Suggestion().Matches(refused.StandardError)).Groups[1].Value;
        await Shell.ExpectAsync(null, "backup", "restore", full, "-d", Url("copy"), "--to-position", suggested, "--force");
        Assert.Equal(Ids(4), await IdsAsync("copy"));
        Assert.Equal("0", await RunAsync("", "SELECT count(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'copy' AND COLUMN_NAME = 'extra'"));

        // Where nothing was committed it is known.
        await Shell.ExpectAsync(null, "backup", "restore", second, "-d", Url("copy"), "--point-in-time", quiet.ToString("o", CultureInfo.InvariantCulture), "--force");
        Assert.Equal(Ids(6), await IdsAsync("copy"));

        await BringFurtherAsync();
        await DamageAsync(second);
    }

    /// <summary>From within one increment into another, not back, and up to the end.</summary>
    private async Task BringFurtherAsync()
    {
        await Shell.ExpectAsync(null, "backup", "restore", "--database", Url("shop"), "--to-position", _positions[0], "--keep-staging");
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Url("shop"), "--continue", "--to-position", _positions[4], "--keep-staging");
        Assert.Equal(Ids(5), await IdsAsync(await KeptAsync()));
        BufferedCommandResult behind = await Shell.RunAsync("backup", "restore", "-d", Url("shop"), "--continue", "--to-position", _positions[2], "--keep-staging");
        Shell.Expect((int)ErrorKind.Refused, behind);
        Assert.Contains("lies before that", behind.StandardError, StringComparison.Ordinal);
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Url("shop"), "--continue", "--point-in-time", "latest", "--force");
        Assert.Equal(Ids(7), await IdsAsync("shop"));
    }

    /// <summary>What is cut is checked as a whole part all the same.</summary>
    private async Task DamageAsync(string increment)
    {
        string part = Directory.GetFiles(Path.Combine(Shell.Repository, "backups", "shop", increment, "parts")).Single();
        byte[] bytes = await File.ReadAllBytesAsync(part);
        bytes[^9] ^= 1;
        await File.WriteAllBytesAsync(part, bytes);
        BufferedCommandResult damaged = await Shell.RunAsync("backup", "restore", "--database", Url("shop"), "--to-position", _positions[3], "--force", "--timeline", "1");
        Shell.Expect((int)ErrorKind.Integrity, damaged);
        Assert.Contains(Path.GetFileName(part), damaged.StandardError, StringComparison.Ordinal);
        Assert.Equal(Ids(7), await IdsAsync("shop"));
    }

    private async Task<string> BackUpAsync(params string[] options) =>
        (await Shell.JsonAsync(null, ["backup", "create", "-d", Url("shop"), .. options])).GetProperty("id").GetString()!;

    private async Task InsertAsync(int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            await RunAsync("shop", $"INSERT INTO item(id, note) VALUES ({_positions.Count + 1}, 'row')");
            string[] status = (await RunAsync("", Server is MySqlServer ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS")).Split('\t');
            string gtid = Server is MySqlServer ? "" : " " + await RunAsync("", "SELECT @@gtid_binlog_pos");
            _positions.Add($"{status[0]}:{status[1]}{gtid}");
            await RunAsync("other", "INSERT INTO x VALUES (1)");
        }
    }

    private async Task<string> KeptAsync() => (await DatabasesAsync()).Split(',').Single(name => name.StartsWith("shop_ai_shell_copy_", StringComparison.Ordinal));

    private Task<string> IdsAsync(string database) => RunAsync(database, "SELECT group_concat(id ORDER BY id) FROM item");

    private static string Ids(int count) => string.Join(',', Enumerable.Range(1, count));

    [GeneratedRegex("the last before it is of [^:]*:[^:]*:[^:]*: --to-position '([^']+)'")]
    private static partial Regex Suggestion();
}
