using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Tests.Engines.MySql;

/// <summary>What only MySQL says, as its manual has it.</summary>
public sealed class RecordedAnswerTests
{
    [Fact]
    public async Task A_session_logs_in_by_caching_sha2_password_and_speaks_with_query_attributes()
    {
        await using RecordedServer server = new([]);
        using MySqlSession session = await server.OpenAsync();

        Assert.Equal(new ServerFeatures(IsMariaDb: false, 80403), session.Features);
        Assert.True(session.Login.QueryAttributes);
        Assert.Contains(server.Statements, statement => statement.Contains("max_execution_time = 0", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Statements, statement => statement.StartsWith("(not by the protocol)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_clear_the_password_itself_is_not_said()
    {
        await using RecordedServer server = new([], asksForPassword: true);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(server.OpenAsync);

        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.Contains("not said in clear", failure.Message, StringComparison.Ordinal);
        Assert.True(server.SaidToDemand is null or [1], "Neither the password nor a request for a key to encrypt it with, which anybody on the way could answer.");
    }

    [Fact]
    public async Task The_place_in_the_binary_log_has_the_transactions_of_all_servers()
    {
        string?[] row = ["source-bin.000002", "1307", "", "", "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5,\n4E11FA47-71CA-11E1-9E33-C80AA9429562:1-3:7"];
        await using RecordedServer server = new(new() { ["SHOW BINARY LOG STATUS"] = [row] });
        using MySqlSession session = await server.OpenAsync();

        BinaryLogPosition? found = BinaryLogPosition.OfServer(session, out bool isFiltered);

        Assert.Equal(new BinaryLogPosition("source-bin.000002", "1307", "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5,4E11FA47-71CA-11E1-9E33-C80AA9429562:1-3:7"), found);
        Assert.False(isFiltered);
    }

    [Fact]
    public async Task A_binary_log_that_does_not_hold_everything_shows_it()
    {
        await using RecordedServer server = new(new() { ["SHOW BINARY LOG STATUS"] = [["source-bin.000002", "1307", "test", "manual, mysql", ""]] });
        using MySqlSession session = await server.OpenAsync();

        Assert.NotNull(BinaryLogPosition.OfServer(session, out bool isFiltered));
        Assert.True(isFiltered);
    }

    [Fact]
    public async Task A_place_that_may_not_be_asked_for_is_not_known()
    {
        await using RecordedServer server = new([]);
        server.Refuse("SHOW BINARY LOG STATUS", 1227, "42000", "Access denied; you need (at least one of) the SUPER, REPLICATION CLIENT privilege(s) for this operation");
        using MySqlSession session = await server.OpenAsync();

        Assert.Null(BinaryLogPosition.OfServer(session, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_is_locked_for_the_moment_and_nothing_stays_locked(bool mayLockInstance)
    {
        await using RecordedServer server = new([]);
        if (!mayLockInstance)
        {
            server.Refuse("LOCK INSTANCE FOR BACKUP", 1227, "42000", "Access denied; you need (at least one of) the BACKUP_ADMIN privilege(s) for this operation");
        }

        using MySqlSession session = await server.OpenAsync();
        int before = server.Statements.Count;

        Assert.True(new ServerLock(session).Run(() => session.Execute("SET @tables = 1"), () => session.Execute("SET @work = 1"), TimeSpan.Zero, default));

        string[] expected = ["LOCK INSTANCE FOR BACKUP", "FLUSH TABLES WITH READ LOCK", "SET @tables = 1", "SET @work = 1", "UNLOCK TABLES", "UNLOCK INSTANCE"];
        Assert.Equal(expected.Take(mayLockInstance ? 6 : 5), server.Statements.Skip(before + 1));
    }

    [Fact]
    public async Task The_rows_of_a_plan_are_those_that_the_optimizer_estimates()
    {
        const string Select = "SELECT 1 FROM `t` FORCE INDEX (PRIMARY) WHERE `id` < 5";
        await using RecordedServer server = new(new()
        {
            [$"EXPLAIN FORMAT=TRADITIONAL {Select}"] = [["1", "SIMPLE", "t", null, "range", "PRIMARY", "PRIMARY", "4", null, "4711", "100.00", "Using where; Using index"]],
        });
        using MySqlSession session = await server.OpenAsync();

        Assert.Equal(4711, KeyRanges.EstimateRows(session, Select));
    }

    [Fact]
    public async Task Tables_are_told_apart_by_their_numbers_in_the_dictionary()
    {
        await using RecordedServer server = new(new()
        {
            ["SELECT DATABASE()"] = [["shop"]],
            ["SELECT NAME, TABLE_ID FROM information_schema.INNODB_TABLES WHERE NAME LIKE 'shop/%'"] =
                [["shop/orders", "1066"], ["shop/line#p#p0", "1067"]],
        });
        using MySqlSession session = await server.OpenAsync();

        Assert.Equal(new Dictionary<string, string> { ["shop/orders"] = "1066", ["shop/line#p#p0"] = "1067" }, SchemaState.ReadIds(session));
    }

    [Fact]
    public async Task Accounts_come_with_their_hashes_in_hexadecimal_and_their_roles_first()
    {
        const string Hash = "0x244124303035240C7745603626313D613C4C10633E0A104B1E14135A544A7871567245614F4872344643546336546F624F6C7861326932752F45622F4F473273597557627139";
        const string Rest = "REQUIRE NONE PASSWORD EXPIRE DEFAULT ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT";
        await using RecordedServer server = new(new()
        {
            ["SELECT User, Host FROM mysql.db WHERE DATABASE() LIKE Db UNION SELECT User, Host FROM mysql.tables_priv WHERE Db = DATABASE() UNION SELECT User, Host FROM mysql.columns_priv WHERE Db = DATABASE() UNION SELECT User, Host FROM mysql.procs_priv WHERE Db = DATABASE()"] =
                [["app", "%"]],
            ["SELECT FROM_USER, FROM_HOST, TO_USER, TO_HOST FROM mysql.role_edges"] = [["other", "%", "u2", "%"], ["app", "%", "u1", "localhost"]],
            ["SHOW CREATE USER `u1`@`localhost`"] = [[$"CREATE USER `u1`@`localhost` IDENTIFIED WITH 'caching_sha2_password' AS {Hash} DEFAULT ROLE `app`@`%` {Rest}"]],
            ["SHOW GRANTS FOR `u1`@`localhost`"] = [["GRANT USAGE ON *.* TO `u1`@`localhost`"], ["GRANT BACKUP_ADMIN ON *.* TO `u1`@`localhost`"], ["GRANT SELECT, INSERT ON `shop`.* TO `u1`@`localhost`"], ["GRANT `app`@`%` TO `u1`@`localhost`"]],
            ["SHOW CREATE USER `app`@`%`"] = [["CREATE USER `app`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE PASSWORD EXPIRE ACCOUNT LOCK"]],
            ["SELECT x509_subject, x509_issuer FROM mysql.user WHERE User = 'u1' AND Host = 'localhost'"] = [["", ""]],
            ["SELECT x509_subject, x509_issuer FROM mysql.user WHERE User = 'app' AND Host = '%'"] = [["", ""]],
            ["SHOW GRANTS FOR `app`@`%`"] = [["GRANT USAGE ON *.* TO `app`@`%`"], ["GRANT DELETE ON `shop`.`orders` TO `app`@`%` WITH GRANT OPTION"]],
        });
        using MySqlSession session = await server.OpenAsync();

        var found = Grants.Read(session, "shop", [], 5);

        Assert.Contains("SET SESSION print_identified_with_as_hex = ON", server.Statements);
        Assert.Equal(
            [
                "CREATE USER IF NOT EXISTS `app`@`%` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE PASSWORD EXPIRE ACCOUNT LOCK;\n",
                $"CREATE USER IF NOT EXISTS `u1`@`localhost` IDENTIFIED WITH 'caching_sha2_password' AS {Hash} DEFAULT ROLE `app`@`%` {Rest};\nGRANT BACKUP_ADMIN ON *.* TO `u1`@`localhost`;\nGRANT `app`@`%` TO `u1`@`localhost`;\n",
            ],
            found.Accounts.Select(entry => entry.Sql));
        Assert.Equal(["GRANT DELETE ON `orders` TO `app`@`%` WITH GRANT OPTION;\n", "GRANT SELECT, INSERT ON * TO `u1`@`localhost`;\n"], found.OnDatabase.Select(entry => entry.Sql));
    }
}
