using AiShell.Engines.MySql;

namespace AiShell.Tests.Engines.MySql;

/// <summary>Grants as SHOW GRANTS says them; the tests against a real MariaDB are among the integration tests.</summary>
public sealed class PrivilegesTests
{
    private static readonly ServerFeatures MariaDb = ServerFeatures.Of("10.11.14-MariaDB");
    private static readonly ServerFeatures NewMariaDb = ServerFeatures.Of("11.4.2-MariaDB");
    private static readonly ServerFeatures MySql = ServerFeatures.Of("8.0.36");
    private static readonly ServerFeatures OldMySql = ServerFeatures.Of("5.7.44");

    [Theory]
    [InlineData("`shop`.*", "shop", true)]
    [InlineData("`shop`.*", "shops", false)]
    [InlineData("`Shop`.*", "shop", false)]
    [InlineData("`shop_1`.*", "shopx1", true)]
    [InlineData("`shop\\_1`.*", "shopx1", false)]
    [InlineData("`shop\\_1`.*", "shop_1", true)]
    [InlineData("`sh%`.*", "shop", true)]
    [InlineData("`%`.*", "shop", true)]
    [InlineData("`a.*`.*", "axx", false)]
    [InlineData("`it``s`.*", "it`s", true)]
    [InlineData("`line\nbreak`.*", "line\nbreak", true)]
    [InlineData("*.*", "shop", true)]
    [InlineData("`shop`.`orders`", "shop", false)]
    public void A_grant_counts_for_the_databases_that_it_is_for(string on, string database, bool counts) =>
        Assert.Equal(counts, Privileges.Of([$"GRANT USAGE ON *.* TO `u`@`%`", $"GRANT SELECT, TRIGGER ON {on} TO `u`@`%`"], database, MariaDb).OnDatabase("TRIGGER"));

    [Fact]
    public void Case_does_not_count_where_the_server_keeps_names_in_lower_case() =>
        Assert.True(Privileges.Of(["GRANT SELECT ON `Shop`.* TO `u`@`%`"], "shop", MariaDb, ignoreCase: true).OnDatabase("SELECT"));

    [Fact]
    public void Privileges_on_columns_are_none_on_the_database()
    {
        Privileges privileges = Privileges.Of(["GRANT INSERT, SELECT (`a`, `b), TRIGGER`), UPDATE (`x`) ON `shop`.* TO `u`@`%`"], "shop", MariaDb);
        Assert.True(privileges.OnDatabase("INSERT"));
        Assert.False(privileges.OnDatabase("SELECT"));
        Assert.False(privileges.OnDatabase("TRIGGER"));
        Assert.False(privileges.OnDatabase("UPDATE"));
    }

    [Fact]
    public void All_privileges_are_each()
    {
        Privileges everywhere = Privileges.Of(["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD '*00' WITH GRANT OPTION"], "shop", MariaDb);
        Assert.Empty(everywhere.Unseen());
        Assert.True(everywhere.Reloads && everywhere.SeesBinaryLog && everywhere.SetsDefiners);

        Privileges here = Privileges.Of(["GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`%`"], "shop", MariaDb);
        Assert.Equal(["functions and procedures"], here.Unseen().Select(kind => kind.What));
        Assert.False(here.Reloads || here.SeesBinaryLog || here.SetsDefiners);
    }

    [Fact]
    public void MySQLs_dynamic_privileges_are_read()
    {
        Privileges privileges = Privileges.Of(
            ["GRANT RELOAD, PROCESS, REPLICATION CLIENT ON *.* TO `backup`@`%`", "GRANT BACKUP_ADMIN,SET_ANY_DEFINER,SHOW_ROUTINE ON *.* TO `backup`@`%`", "GRANT SELECT, EVENT, TRIGGER ON `shop`.* TO `backup`@`%`"],
            "shop",
            MySql);
        Assert.Empty(privileges.Unseen());
        Assert.True(privileges.Reloads && privileges.SeesBinaryLog && privileges.SetsDefiners);
    }

    [Fact]
    public void MySQLs_partial_revokes_take_away()
    {
        Privileges privileges = Privileges.Of(["GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`%`", "REVOKE SELECT ON `shop`.* FROM `u`@`%`"], "shop", MySql);
        Assert.Equal(["tables"], privileges.Unseen().Select(kind => kind.What));
        Assert.Empty(Privileges.Of(["GRANT SELECT, EVENT, TRIGGER ON *.* TO `u`@`%`", "REVOKE SELECT ON `other`.* FROM `u`@`%`"], "shop", MySql).Unseen());
    }

    [Fact]
    public void Routines_are_read_as_each_server_allows_it()
    {
        const string Table = "GRANT SELECT ON `mysql`.`proc` TO `u`@`%`";
        const string Schema = "GRANT SELECT ON `mysql`.* TO `u`@`%`";
        const string Show = "GRANT SHOW CREATE ROUTINE ON `shop`.* TO `u`@`%`";
        Assert.True(Privileges.Of([Table], "shop", MariaDb).ReadsRoutines);
        Assert.True(Privileges.Of([Schema], "shop", MariaDb).ReadsRoutines);
        Assert.True(Privileges.Of([Table], "shop", OldMySql).ReadsRoutines);
        Assert.False(Privileges.Of([Table], "shop", MySql).ReadsRoutines);
        Assert.True(Privileges.Of([Show], "shop", NewMariaDb).ReadsRoutines);
        Assert.False(Privileges.Of(["GRANT EXECUTE, CREATE ROUTINE ON `shop`.* TO `u`@`%`", "GRANT EXECUTE ON FUNCTION `shop`.`one` TO `u`@`%`"], "shop", MariaDb).ReadsRoutines);
    }
}
