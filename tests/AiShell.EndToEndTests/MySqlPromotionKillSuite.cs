using System.Diagnostics;
using AiShell.Testing.Engines.MySql;
using Xunit.Abstractions;

namespace AiShell.EndToEndTests;

/// <summary>
/// kill -9 of the built binary exactly at a statement of a promotion: before it reaches the server, while it is on its way there, and when the
/// server has carried it out and nobody knows.
/// </summary>
public abstract class MySqlPromotionKillSuite(ITestOutputHelper output) : MySqlSuite
{
    // In the statement that makes a promotion's journal and in no other.
    private const string Mark = "(piece INT PRIMARY KEY";

    // In the first statement for each of what a killed restore has left, and in the one that marks a new restore's own.
    private const string RecoveryMark = "SELECT GET_LOCK('ai_shell_";

    private const string InTheMiddle = "in the middle of its last step";
    private const int KilledExitCode = 128 + 9;

    // As a server without compound statements: every step is a statement.
    private static readonly (string, string) OlderServer = ("10.11.", "10.05.");

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private const string New =
        """
        CREATE TABLE extra(id int PRIMARY KEY) CHARSET=utf8mb4; INSERT INTO extra VALUES (1);
        CREATE TABLE parent(id int PRIMARY KEY, code char(9), UNIQUE KEY by_code(code)); INSERT INTO parent VALUES (1, 'new'), (2, 'newer');
        CREATE TABLE child(id int AUTO_INCREMENT PRIMARY KEY, parent int, made int, CONSTRAINT belongs FOREIGN KEY (parent) REFERENCES parent(id)); INSERT INTO child(parent, made) VALUES (1, 7), (1, 8);
        CREATE TABLE aside(x int); INSERT INTO aside VALUES (1);
        CREATE TRIGGER z_first BEFORE INSERT ON child FOR EACH ROW SET NEW.made = 1; CREATE TRIGGER a_second BEFORE INSERT ON child FOR EACH ROW SET NEW.made = NEW.made + 1;
        CREATE VIEW pairs AS SELECT child.id, parent.code FROM child JOIN parent ON parent.id = child.parent;
        CREATE FUNCTION twice(x int) RETURNS int DETERMINISTIC RETURN x * 2; CREATE PROCEDURE tidy() DELETE FROM child WHERE made = 0;
        CREATE EVENT tick ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM child WHERE id < 0;
        """;

    private const string Old =
        """
        CREATE TABLE extra(id int PRIMARY KEY) CHARSET=utf8mb4; INSERT INTO extra VALUES (1);
        CREATE TABLE parent(id int PRIMARY KEY, code char(9)); INSERT INTO parent VALUES (1, 'old');
        CREATE TABLE child(id int AUTO_INCREMENT PRIMARY KEY, parent int, made int, CONSTRAINT belongs FOREIGN KEY (parent) REFERENCES parent(id)); INSERT INTO child(parent, made) VALUES (1, 3);
        CREATE TABLE gone(x int); CREATE VIEW aside AS SELECT * FROM gone; CREATE VIEW older AS SELECT * FROM aside;
        CREATE TRIGGER y_first BEFORE INSERT ON child FOR EACH ROW SET NEW.made = 5; CREATE TRIGGER b_second BEFORE INSERT ON child FOR EACH ROW SET NEW.made = NEW.made * 2; CREATE TRIGGER c_third BEFORE INSERT ON child FOR EACH ROW SET NEW.made = NEW.made + 3;
        CREATE FUNCTION twice(x int) RETURNS int DETERMINISTIC RETURN x + x; CREATE FUNCTION thrice(x int) RETURNS int DETERMINISTIC RETURN twice(x) + x;
        CREATE EVENT tock ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM gone;
        """;

    private readonly Random _random = new();
    private string[] _restore = [];
    private (string, string)? _version;
    private string _old = "";
    private string _oldTables = "";
    private string _new = "";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync("shop", New);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        await MakeOldAsync();
        await Shell.ExpectAsync(null, "connect", Url("target"), "--name", "target");
        _old = await WholeAsync("target");
        _oldTables = await Server.DumpAsync("target", "--skip-events");
    }

    /// <summary>Whether the server is told that it knows no compound statements; one of MySQL's knows none.</summary>
    private bool HasNoCompoundStatements => _version is not null || Server is MySqlServer;

    /// <param name="every">Only each so many a statement.</param>
    protected async Task RequireFinishedOrUndoneAsync(int every = 1)
    {
        (_restore, _version) = (["--force"], OlderServer);
        string[] statements = await CountAsync();
        Assert.Equal(await WholeAsync("shop"), _new);
        int rename = RenameIn(statements);

        // What is dropped after the RENAME is made by the next statement.
        int[] places = [.. ChangesIn(statements, 0).Where(index => index < rename || index == statements.Length - 1 || !statements[index].StartsWith("DROP ", StringComparison.Ordinal))];
        await KillAtAsync(statements, [.. places.Where((index, place) => index == rename || place % every == 0)]);
    }

    protected async Task RequireOldKeptAsync()
    {
        _restore = ["--force", "--keep-old"];
        string[] statements = await CountAsync();
        int rename = RenameIn(statements);
        int inOld = Array.FindIndex(statements, rename, statement => statement.StartsWith("USE `target_ai_shell_kept_", StringComparison.Ordinal));

        await KillAtAsync(statements, [0, 3, rename, .. ChangesIn(statements, inOld).Where((_, place) => place % 2 == 0), statements.Length - 1]);
    }

    protected async Task RequireTablesFinishedOrUndoneAsync()
    {
        (_restore, _version) = (["--force", "--tables", "child"], OlderServer);
        string[] statements = await CountAsync();

        await KillAtAsync(statements, [RenameIn(statements) - 1, RenameIn(statements), .. ChangesIn(statements, RenameIn(statements)).Where(index => statements[index].StartsWith("ALTER ", StringComparison.Ordinal))]);
    }

    protected async Task RequireRecoveredAsync(bool olderServer, params string[] restore)
    {
        (_restore, _version) = (restore, olderServer ? OlderServer : null);
        int rename = RenameIn(await CountAsync());
        foreach ((int index, bool hasMoved) in new[] { (rename - 1, false), (rename, true) })
        {
            await KillPromotionAsync(index, StatementStop.Answered, "the promotion");
            string[] recovery = await CountRecoveryAsync();
            await RequireAsync(hasMoved, "no other kill");

            await KillPromotionAsync(index, StatementStop.Answered, "the promotion");
            List<string> kills = [];
            foreach (int at in _random.GetItems(ChangesIn(recovery, 0), hasMoved ? 3 : 2).Distinct().Order())
            {
                StatementStop stop = _random.GetItems(Enum.GetValues<StatementStop>(), 1)[0];
                await using StatementProxy proxy = new(Server.Port, RecoveryMark, _version) { StopAt = at + 1, Stop = stop, Holds = true };
                await KillAsync(proxy, $"statement {at + 1} of a recovery", Recovery(proxy.Port));
                kills.Add($"{stop}: {proxy.Statements[^1]}"); // an earlier kill has left less to do
                output.WriteLine($"{(hasMoved ? "After" : "Before")} the RENAME, then {kills[^1]}");
            }

            await RecoverAsync(hasMoved, string.Join("; ", kills));
        }
    }

    protected async Task RequireNoLateRenameAsync()
    {
        // Without triggers it is the RENAME that waits.
        await Server.RunAsync("target", "DROP TRIGGER y_first; DROP TRIGGER b_second; DROP TRIGGER c_third");
        _old = await WholeAsync("target");
        Task<string> reader = Server.RunAsync("target", "BEGIN; SELECT * FROM parent; DO SLEEP(600)");
        await UntilAsync("SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = 'DO SLEEP(600)'", "1");
        using Process process = Shell.Start("backup", "restore", "latest", "--force", "--jobs", "1", "--lock-wait", "10m", "-d", Url("target"));
        await UntilAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{MariaDbServer.User}' AND STATE = 'Waiting for table metadata lock' AND INFO LIKE '%RENAME TABLE%'", "1");

        process.Kill();
        await process.WaitForExitAsync();

        await UntilNoSessionAsync(); // while the reader still holds its table
        await Server.RunAsync("", $"KILL {await Server.RunAsync("", "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO = 'DO SLEEP(600)'")}");
        await Assert.ThrowsAsync<InvalidOperationException>(() => reader);
        Assert.Equal(_old, await WholeAsync("target"));
        await RecoverAsync(hasMoved: false, "waiting");
    }

    /// <summary>Runs a restore to its end; it leaves the target new.</summary>
    /// <returns>The statements of its promotion.</returns>
    private async Task<string[]> CountAsync()
    {
        await using StatementProxy proxy = new(Server.Port, Mark, _version);
        await Shell.ExpectAsync(null, RestoreThrough(proxy));
        _new = await WholeAsync("target");
        Assert.NotEqual(_old, _new);
        Assert.Equal(_restore.Contains("--keep-old") ? 1 : 0, (await KeptAsync()).Length);
        await MakeOldAsync();
        Assert.Equal(!HasNoCompoundStatements, Array.Exists(proxy.Statements, statement => statement.StartsWith("BEGIN NOT ATOMIC", StringComparison.Ordinal)));
        return proxy.Statements;
    }

    private async Task KillAtAsync(string[] statements, int[] places)
    {
        int rename = RenameIn(statements);
        foreach ((int turn, int index) in places.Index())
        {
            // Unsent is what the statement before has left, so that only those that decide are met in all three ways.
            StatementStop[] stops = index == rename ? Enum.GetValues<StatementStop>() : [turn % 2 == 0 ? StatementStop.OnTheWay : StatementStop.Answered];
            foreach (StatementStop stop in stops)
            {
                await KillAsync(index, stop, $"{stop}: {statements[index]}", hasMoved: index > rename || (index == rename && stop != StatementStop.Unsent));
            }
        }
    }

    private async Task KillAsync(int index, StatementStop stop, string moment, bool hasMoved)
    {
        await KillPromotionAsync(index, stop, moment);
        if (await LookAsync() is var found && found != _old && found != _new)
        {
            Assert.Contains(InTheMiddle, (await Shell.JsonAsync(null, "connections", "--health")).GetRawText(), StringComparison.Ordinal);
        }

        await RecoverAsync(hasMoved, moment);
    }

    private async Task KillPromotionAsync(int index, StatementStop stop, string moment)
    {
        await using StatementProxy proxy = new(Server.Port, Mark, _version) { StopAt = index + 1, Stop = stop, Holds = true };
        await KillAsync(proxy, moment, RestoreThrough(proxy));
    }

    private async Task KillAsync(StatementProxy proxy, string moment, string[] command)
    {
        using (Process process = Shell.Start(command))
        {
            await Task.WhenAny(proxy.Stopped, process.WaitForExitAsync()).WaitAsync(Patience);
            Assert.True(proxy.HasStopped, process.HasExited ? $"It ended before {moment}: {await OutputAsync(process)}" : moment);
            process.Kill();
            await process.WaitForExitAsync();
            Assert.Equal(KilledExitCode, process.ExitCode);
        }

        await proxy.Over.WaitAsync(Patience);
        await UntilNoSessionAsync();
    }

    /// <summary>Lets a restore begin, which recovers; the statements of that.</summary>
    private async Task<string[]> CountRecoveryAsync()
    {
        await using StatementProxy proxy = new(Server.Port, RecoveryMark, _version);
        await Shell.ExpectAsync(null, Recovery(proxy.Port));
        string[] statements = proxy.Statements;
        int end = Array.FindLastIndex(statements, statement => statement.StartsWith(RecoveryMark, StringComparison.Ordinal));
        Assert.Contains(statements[..end], statement => statement.StartsWith("DROP DATABASE", StringComparison.Ordinal));
        return statements[..end];
    }

    /// <summary>Another table's restore: what it leaves of the others is what it made of the promotion that was killed.</summary>
    private string[] Recovery(int port) => ["backup", "restore", "latest", "-d", Url("target", port, "?ssl-mode=disabled"), "--tables", "extra", "--force", "--jobs", "1"];

    private async Task RecoverAsync(bool hasMoved, string moment)
    {
        await Shell.ExpectAsync(null, Recovery(Server.Port));
        await RequireAsync(hasMoved, moment);
    }

    /// <summary>Makes the target old again where it is new.</summary>
    private async Task RequireAsync(bool hasMoved, string moment)
    {
        string after = await WholeAsync("target");
        Assert.True(after == (hasMoved ? _new : _old), $"Not wholly {(hasMoved ? "new" : "old")}: {moment}\n{after}");
        string[] kept = await KeptAsync();
        Assert.Equal(hasMoved && _restore.Contains("--keep-old") ? 1 : 0, kept.Length);
        Assert.Equal(string.Join(',', kept.Concat(["other", "shop", "target"]).Order(StringComparer.Ordinal)), await DatabasesAsync());
        if (hasMoved)
        {
            await MakeOldAsync();
        }
    }

    /// <summary>The old databases that stand, each seen to be whole.</summary>
    private async Task<string[]> KeptAsync()
    {
        string[] kept = await KeptNamesAsync();
        foreach (string database in kept)
        {
            Assert.Equal(_oldTables, await Server.DumpAsync(database, "--skip-events"));
            Assert.Equal("DISABLED", await Server.RunAsync("", $"SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{database}'"));
        }

        return kept;
    }

    /// <summary>A view whose table has moved away stops the stock dump: that is neither old nor new.</summary>
    private async Task<string> LookAsync()
    {
        try
        {
            return await WholeAsync("target");
        }
        catch (CliWrap.Exceptions.CommandExecutionException failure) when (failure.Message.Contains("references invalid table", StringComparison.Ordinal))
        {
            return failure.Message;
        }
    }

    /// <summary>The target as it was, to which a table in another database refers.</summary>
    private async Task MakeOldAsync()
    {
        string drops = string.Concat((await KeptNamesAsync()).Append("target").Select(name => $"DROP DATABASE IF EXISTS {Quote(name)}; "));
        await Server.RunAsync("", $"SET foreign_key_checks = 0; {drops}CREATE DATABASE target CHARACTER SET latin1");
        await Server.RunAsync("target", Old);
        await Server.RunAsync("", "CREATE DATABASE IF NOT EXISTS other; DROP TABLE IF EXISTS other.refers; CREATE TABLE other.refers(id int PRIMARY KEY, parent int, CONSTRAINT out_there FOREIGN KEY (parent) REFERENCES target.parent(id))");
    }

    /// <summary>The database's own defaults too, and what refers to it from elsewhere.</summary>
    private async Task<string> WholeAsync(string database) => string.Join('\n', (string[])[
        await ContentAsync(database),
        await Server.RunAsync(
            "",
            $"""
            SELECT TRIGGER_NAME, ACTION_ORDER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{database}' ORDER BY 1;
            SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{database}';
            SELECT UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'other';
            """),
    ]);

    private async Task<string[]> KeptNamesAsync() =>
        [.. (await DatabasesAsync()).Split(',').Where(name => name.StartsWith("target_ai_shell_kept_", StringComparison.Ordinal))];

    private string[] RestoreThrough(StatementProxy proxy) =>
        ["backup", "restore", "latest", .. _restore, "--jobs", "1", "-d", Url("target", proxy.Port, "?ssl-mode=disabled")];

    private static int RenameIn(string[] statements) => Array.FindIndex(statements, statement => statement.Contains("RENAME TABLE", StringComparison.Ordinal));

    private static int[] ChangesIn(string[] statements, int from) => [.. Enumerable.Range(from, statements.Length - from).Where(index => !IsOfSession(statements[index]))];

    private static bool IsOfSession(string statement) =>
        statement.StartsWith("SET ", StringComparison.Ordinal) || statement.StartsWith("USE ", StringComparison.Ordinal) || statement.StartsWith("SELECT ", StringComparison.Ordinal) || statement == "UNLOCK TABLES";

    private static async Task<string> OutputAsync(Process process) => await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
}
