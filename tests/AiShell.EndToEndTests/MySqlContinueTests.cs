using System.Globalization;
using AiShell.Testing.Engines.MySql;
using CliWrap.Buffered;
using MySqlConnector;

namespace AiShell.EndToEndTests;

/// <summary>MariaDB keeps its copy in a database of the target's server.</summary>
public sealed class MySqlContinueTests : ContinueSuite, IDisposable
{
    private readonly MySqlServerOfTest _server = new();

    protected override string Target => _server.Url("shop");

    protected override string OtherTarget => _server.Url("other");

    protected override string Name => "shop";

    protected override string FormatWithoutLog => "json";

    protected override (int Rounds, int Earliest, int Latest) Kills => (3, 300, 4500);

    public override Task InitializeAsync() => _server.InitializeAsync();

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await base.DisposeAsync();
    }

    public void Dispose() => _server.Dispose();

    /// <summary>What stands beside the rows is in the copy to be looked at, but for events, which would run; and all of it is in the target as if nothing had been kept.</summary>
    [Fact]
    public async Task All_that_the_database_has_comes_through_the_copies()
    {
        await CaptureAsync();
        string copy = await KeepAsync("--to-position", Positions[0]);
        Assert.Equal("20", await _server.RunAsync(copy, "SELECT double_it(max(id)) * 10 FROM one_item"));
        Assert.Equal("0", await _server.RunAsync(copy, "SELECT count(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"));
        copy = await ContinueAsync("--to-position", Positions[2]);
        Assert.Equal("1", await _server.RunAsync(copy, "SELECT count(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"));
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--to-position", Positions[4], "--force");
        await Shell.ExpectAsync(null, "backup", "restore", Path.GetFileName(Directory.GetDirectories(Path.Combine(Shell.Repository, "backups", "shop")).Single()), "-d", _server.Url("direct"), "--to-position", Positions[4], "--timeline", "1");
        Assert.Equal(await _server.ContentAsync("direct"), await _server.ContentAsync("shop"));
        Assert.Equal("ENABLED", await _server.RunAsync("shop", "SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"));
        Assert.Equal("direct,shop", await _server.DatabasesAsync());
    }

    [Fact]
    public async Task Only_one_goes_on_with_it_and_only_where_nothing_was_changed()
    {
        await CaptureAsync();
        string copy = await KeepAsync("--to-position", Positions[0]);
        await using (MySqlConnection other = await _server.OpenAsync())
        {
            await using MySqlCommand hold = new($"SELECT GET_LOCK('ai_shell_{copy[^8..]}', 0)", other);
            Assert.Equal(1, Convert.ToInt32(await hold.ExecuteScalarAsync(), null));
            BufferedCommandResult busy = await Shell.RunAsync("backup", "restore", "-d", Target, "--continue", "--force");
            Shell.Expect((int)ErrorKind.Busy, busy);
            Assert.Contains(copy, busy.StandardError, StringComparison.Ordinal);

            // Another takes its place meanwhile; it is left to its holder, and the next restore drops it.
            string second = await KeepAsync("--to-position", Positions[1]);
            Assert.Equal(new[] { copy, second }.Order(StringComparer.Ordinal), (await CopiesAsync()).Order(StringComparer.Ordinal));
            Assert.Equal(Ids(2), await CopyIdsAsync(second));
        }

        copy = await ContinueAsync();
        Assert.Equal([copy], await CopiesAsync());
        Assert.Equal(Ids(2), await CopyIdsAsync(copy));

        // What was looked at only is as it was; one row, and one table, are enough.
        await _server.RunAsync(copy, "UPDATE item SET content = 'other' WHERE id = 2");
        await Shell.ExpectAsync(ErrorKind.Integrity, "backup", "restore", "-d", Target, "--continue", "--force");
        copy = await KeepAsync("--to-position", Positions[1]);
        await _server.RunAsync(copy, "CREATE TABLE another(id int)");
        await Shell.ExpectAsync(ErrorKind.Integrity, "backup", "restore", "-d", Target, "--continue", "--force");
        await _server.RunAsync(copy, "DROP TABLE another");
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--force");
        Assert.Equal(Ids(2), await IdsAsync());
        Assert.Equal("shop", await _server.DatabasesAsync());
    }

    /// <summary>Whoever looks at it in a transaction holds nobody up; the copy that counts no more goes with a later restore.</summary>
    [Fact]
    public async Task A_transaction_that_has_read_the_copy_holds_nobody_up()
    {
        await CaptureAsync();
        string copy = await KeepAsync("--to-position", Positions[0]);
        await using (MySqlConnection other = await _server.OpenAsync())
        {
            await using MySqlCommand look = new($"BEGIN; SELECT count(*) FROM `{copy}`.item", other);
            await look.ExecuteNonQueryAsync();
            string next = await ContinueAsync("--to-position", Positions[1]);
            Assert.Equal([next], await CopiesAsync());
            Assert.Contains(copy, await _server.DatabasesAsync(), StringComparison.Ordinal);
        }

        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--force");
        Assert.Equal(Ids(2), await IdsAsync());
        Assert.Equal("shop", await _server.DatabasesAsync());
    }

    /// <summary>The copy's name holds but the beginning of a long one.</summary>
    [Fact]
    public async Task Long_names_that_begin_alike_are_told_apart()
    {
        await CaptureAsync();
        string full = Path.GetFileName(Directory.GetDirectories(Path.Combine(Shell.Repository, "backups", "shop")).Single());
        string[] targets = [.. "ab".Select(last => new string('x', 50) + last)];
        string copy = (await Shell.JsonAsync(null, "backup", "restore", full, "-d", _server.Url(targets[0]), "--to-position", Positions[1], "--keep-staging")).GetProperty("staging").GetString()!;
        await Shell.ExpectAsync(ErrorKind.NotFound, "backup", "restore", "-d", _server.Url(targets[1]), "--continue");
        await Shell.ExpectAsync(null, "backup", "restore", full, "-d", _server.Url(targets[1]), "--to-position", Positions[2]);
        Assert.Equal(Ids(2), await CopyIdsAsync(copy));
        await Shell.ExpectAsync(null, "backup", "restore", "-d", _server.Url(targets[0]), "--continue", "--to-position", Positions[3]);
        Assert.Equal(Ids(4), await CopyIdsAsync(targets[0]));
    }

    /// <summary>In whose name objects run is told again each time: the copies hold what the source says.</summary>
    [Fact]
    public async Task Definers_are_told_again()
    {
        await CaptureAsync();
        await Shell.ExpectAsync(ErrorKind.Usage, "backup", "restore", "-d", Target, "--to-position", Positions[0], "--keep-staging", "--globals");
        await _server.RunAsync(null, "DROP USER maker@localhost; CREATE USER maker2@localhost");
        await Shell.ExpectAsync(ErrorKind.Failed, "backup", "restore", "-d", Target, "--timeline", "1", "--keep-staging", "--to-position", Positions[0]);
        await KeepAsync("--to-position", Positions[0], "--definer", "maker2@localhost");
        await Shell.ExpectAsync(ErrorKind.Failed, "backup", "restore", "-d", Target, "--continue", "--force");
        await Shell.ExpectAsync(null, "backup", "restore", "-d", Target, "--continue", "--force", "--definer", "maker2@localhost", "--keep-old");
        Assert.Equal("maker2@localhost", await _server.RunAsync("shop", "SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"));
        Assert.Contains("_ai_shell_kept_", await _server.DatabasesAsync(), StringComparison.Ordinal);
    }

    protected override Task CreateAsync() => _server.CreateAsync(
        "shop",
        """
        CREATE USER maker@localhost;
        CREATE TABLE item(id int AUTO_INCREMENT PRIMARY KEY, content varchar(100), at datetime DEFAULT '2020-01-01');
        CREATE SEQUENCE numbers START WITH 100;
        CREATE TABLE seen(id int, n int, KEY(id), FOREIGN KEY (id) REFERENCES item(id));
        CREATE TABLE plain(id int) ENGINE=MyISAM;
        INSERT INTO plain VALUES (1), (2);
        CREATE DEFINER = maker@localhost SQL SECURITY INVOKER VIEW one_item AS SELECT id, content FROM item;
        CREATE FUNCTION double_it(n int) RETURNS int DETERMINISTIC RETURN n * 2;
        CREATE TRIGGER after_item AFTER INSERT ON item FOR EACH ROW INSERT INTO seen VALUES (NEW.id, 1);
        CREATE EVENT each_hour ON SCHEDULE EVERY 1 HOUR DO DELETE FROM seen;
        """);

    protected override Task InsertAsync(int id) => _server.RunAsync("shop", $"INSERT INTO item(id, content) VALUES ({id}, concat('item ', {id}))");

    protected override Task<string> IdsAsync() => CopyIdsAsync("shop");

    protected override async Task<string> CopyIdsAsync(string copy) => await _server.RunAsync(copy, "SELECT group_concat(id ORDER BY id) FROM item") is var ids && ids == "NULL" ? "" : ids;

    protected override async Task<string[]> CopiesAsync() =>
        [.. (await _server.RunAsync(null, "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '%\\_ai\\_shell\\_copy\\_%' AND TABLE_NAME LIKE 'ai\\_shell\\_kept\\_%' ORDER BY 1")).Split('\n').Where(name => name.Length > 0)];

    protected override Task ChangeAsync(string copy) => _server.RunAsync(copy, "INSERT INTO item(id, content) VALUES (99, '')");

    protected override Task UntilGoneAsync() => _server.UntilNoSessionAsync();

    /// <summary>The server, which the suite's tests cannot inherit.</summary>
    private sealed class MySqlServerOfTest : MySqlSuite;
}

/// <summary>MySQL does, too.</summary>
public sealed class MySqlServerContinueTests : KeptCopySuite
{
    private MySqlFamilyServer _server = null!;

    protected override string Target => string.Create(
        CultureInfo.InvariantCulture, $"mysql://{MySqlFamilyServer.User}:{Uri.EscapeDataString(MySqlFamilyServer.Password)}@127.0.0.1:{_server.Port}/shop");

    protected override string Name => "shop";

    public override async Task InitializeAsync() => _server = await MySqlSuite.StartMySqlAsync();

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override Task CreateAsync() => _server.RunAsync(
        "",
        """
        CREATE DATABASE shop; USE shop; CREATE USER maker@localhost IDENTIFIED BY 'x';
        CREATE TABLE item(id int AUTO_INCREMENT PRIMARY KEY, content varchar(100), at datetime DEFAULT '2020-01-01', doc json, hidden int INVISIBLE DEFAULT 3, KEY of_doc((cast(doc->'$.n' AS unsigned))));
        CREATE TABLE seen(id int, n int, KEY(id), FOREIGN KEY (id) REFERENCES item(id));
        CREATE DEFINER = maker@localhost SQL SECURITY INVOKER VIEW one_item AS SELECT id, content FROM item;
        CREATE TRIGGER after_item AFTER INSERT ON item FOR EACH ROW INSERT INTO seen VALUES (NEW.id, 1);
        CREATE EVENT each_hour ON SCHEDULE EVERY 1 HOUR STARTS '2035-01-01' DO DELETE FROM seen;
        """);

    protected override Task InsertAsync(int id) => _server.RunAsync("shop", $$"""INSERT INTO item(id, content, doc) VALUES ({{id}}, concat('item ', {{id}}), '{"n": {{id}}}')""");

    protected override Task<string> IdsAsync() => CopyIdsAsync("shop");

    protected override async Task<string> CopyIdsAsync(string copy) => await _server.RunAsync(copy, "SELECT group_concat(id ORDER BY id) FROM item") is var ids && ids == "NULL" ? "" : ids;

    protected override async Task<string[]> CopiesAsync() =>
        [.. (await _server.RunAsync("", "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '%\\_ai\\_shell\\_copy\\_%' AND TABLE_NAME LIKE 'ai\\_shell\\_kept\\_%' ORDER BY 1")).Split('\n').Where(name => name.Length > 0)];
}
