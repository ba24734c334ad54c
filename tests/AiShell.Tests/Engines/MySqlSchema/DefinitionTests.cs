using AiShell.Engines.MySql.Schema;

namespace AiShell.Tests.Engines.MySqlSchema;

/// <summary>Definitions as servers write them; MySQL's forms are recorded ones.</summary>
public sealed class DefinitionTests
{
    private const string Table =
        "CREATE TABLE `t` (\n  `id` int NOT NULL AUTO_INCREMENT COMMENT 'a, (b)',\n  `a``,b` varchar(10) DEFAULT ',\\n  KEY `x` (',\n  `e` enum('KEY',',') NOT NULL,\n"
        + "  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`e`,`a``,b`(3)),\n  KEY `k` ((lower(`a``,b`))) /*!80000 INVISIBLE */,\n  FULLTEXT KEY `f` (`e`) /*!50100 WITH PARSER `ngram` */ ,\n"
        + "  CONSTRAINT `fk` FOREIGN KEY (`e`) REFERENCES `other`.`o` (`x`) ON DELETE CASCADE,\n  CONSTRAINT `own` FOREIGN KEY (`e`) REFERENCES `p``q` (`x`),\n  CONSTRAINT `c` CHECK ((`id` > 0))\n"
        + ") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=9'\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 2 */";

    [Fact]
    public void A_table_is_taken_apart_where_the_server_put_it_together()
    {
        TableDefinition table = TableDefinition.Parse(Table);

        Assert.Equal(
            [ElementKind.Column, ElementKind.Column, ElementKind.Column, ElementKind.PrimaryKey, ElementKind.UniqueKey, ElementKind.Key, ElementKind.Key, ElementKind.ForeignKey, ElementKind.ForeignKey, ElementKind.Other],
            table.Elements.Select(element => element.Kind));
        Assert.Equal(["e", "a`,b"], table.Elements[4].Columns);
        Assert.Equal(("other", "o"), table.Elements[7].Referenced());
        Assert.Equal(("", "p`q"), table.Elements[8].Referenced());
        Assert.Equal(Table.Replace(" ,\n", ",\n", StringComparison.Ordinal), table.Create(table.Elements));
        Assert.DoesNotContain("=7", table.WithoutCounter().Options, StringComparison.Ordinal);
        Assert.Contains("'AUTO_INCREMENT=9'", table.WithoutCounter().Options, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_follow_the_rows_and_foreign_keys_follow_the_keys()
    {
        TableScript script = TableScript.Build(TableDefinition.Parse(Table), "db", "PRIMARY");

        Assert.DoesNotMatch("KEY `[ukf]`|FOREIGN KEY", script.Table);
        Assert.Contains("PRIMARY KEY (`id`)", script.Table, StringComparison.Ordinal);
        Assert.StartsWith("ALTER TABLE `t`\n  ADD UNIQUE KEY `u`", script.Keys, StringComparison.Ordinal);
        Assert.Equal([null, "p`q"], script.ForeignKeys.Select(key => key.Referenced));
    }

    [Theory]
    [InlineData("`b` int NOT NULL AUTO_INCREMENT,\n  KEY `x` (`a`),\n  KEY `y` (`b`),\n  KEY `z` (`a`)", null, "KEY `y`", "KEY `z`")]
    [InlineData("`b` int NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`b`),\n  KEY `y` (`b`),\n  KEY `z` (`a`)", "PRIMARY", "PRIMARY", "KEY `y`")]
    [InlineData("`b` int NOT NULL,\n  UNIQUE KEY `r` (`b`),\n  KEY `z` (`a`)", "r", "KEY `r`", "KEY `z`")]
    [InlineData("`b` int NOT NULL DEFAULT nextval(`db`.`s`),\n  KEY `z` (`a`)", null, "nextval(`s`)", "KEY `z`")]
    public void Keys_that_the_rows_need_come_first(string elements, string? rowKey, string inTable, string inKeys)
    {
        TableScript script = TableScript.Build(TableDefinition.Parse($"CREATE TABLE `t` (\n  `a` int DEFAULT NULL,\n  {elements}\n) ENGINE=InnoDB"), "db", rowKey);

        Assert.Contains(inTable, script.Table, StringComparison.Ordinal);
        Assert.Contains(inKeys, script.Keys, StringComparison.Ordinal);
        Assert.DoesNotContain(inKeys, script.Table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UNIQUE KEY `u` (`e`,`a``,b`(3)) COMMENT ', ADD KEY'", "KEY `k` ((lower(`a``,b`))) /*!80000 INVISIBLE */")]
    [InlineData("KEY `k` (`e`) USING BTREE COMMENT 'a,\n  ADD b'")]
    public void Keys_go_into_the_table_where_that_is_better(params string[] keys)
    {
        var table = TableDefinition.Parse($"CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `e` int,\n  PRIMARY KEY (`id`),\n  {string.Join(",\n  ", keys)},\n  CONSTRAINT `own` FOREIGN KEY (`e`) REFERENCES `p` (`x`)\n) ENGINE=InnoDB");
        TableScript script = TableScript.Build(table, "db", "PRIMARY");

        Assert.Equal(table.Create(table.Elements.SkipLast(1)), TableScript.WithKeys(script.Table, script.Keys));
    }

    [Theory]
    [InlineData("ALTER TABLE `t`\n  ADD KEY `k` (`a`),\n  ADD FULLTEXT KEY `f` (`a`)")]
    [InlineData("ALTER TABLE `t`\n  ADD SPATIAL KEY `s` (`a`)")]
    [InlineData("ALTER TABLE `other`\n  ADD KEY `k` (`a`)")]
    [InlineData("ALTER TABLE `t`\n  ADD KEY `k` (`a`), DROP COLUMN `a`")]
    public void Keys_that_are_no_trees_or_not_the_tables_own_do_not(string keys) => Assert.Null(TableScript.WithKeys("CREATE TABLE `t` (\n  `a` text\n) ENGINE=InnoDB", keys));

    [Fact]
    public void Views_come_after_those_they_read_whatever_columns_and_aliases_are_called()
    {
        Dictionary<string, string> views = new()
        {
            ["a"] = "CREATE ALGORITHM=UNDEFINED DEFINER=`b`@`%` SQL SECURITY DEFINER VIEW `a` AS select `z`.`b` AS `c`,`y` .`d` AS `d` from (`z` join `y` on(`z`.`b` = `y`.`d`))",
            ["b"] = "CREATE VIEW `b` AS select 1 AS `a` from `t` `a`",
            ["c"] = "CREATE VIEW `c` AS select 'from `a`' AS `x` from `other`.`a` union select `d`.`x` AS `x` from (select `t`.`x` AS `x` from `t`) `d`",
            ["y"] = "CREATE VIEW `y` AS select `b`.`a` AS `d` from `b`",
            ["z"] = "CREATE VIEW `z` AS select `y`.`d` AS `b` from `y` where `y`.`d` in (select `c`.`x` from `c`)",
        };

        Assert.Equal(["b", "y", "c", "z", "a"], ViewOrder.Of(views).Select(view => view.Name));
    }

    [Theory]
    [InlineData("CREATE DEFINER=`r`@`h` TRIGGER db . `t1` BEFORE INSERT ON db.t FOR EACH ROW SET @x = 'db.t'", "t", "CREATE DEFINER=`r`@`h` TRIGGER `t1` BEFORE INSERT ON t FOR EACH ROW SET @x = 'db.t'")]
    [InlineData("CREATE DEFINER=`r`@`h` trigger if not exists `a`.`b` /* on */ after delete on `c` for each row begin end", "c", "CREATE DEFINER=`r`@`h` trigger if not exists `b` /* on */ after delete on `c` for each row begin end")]
    [InlineData("CREATE TRIGGER t BEFORE UPDATE ON \"x y\" FOR EACH ROW SET @a = 'x\\' || new.b", "x y", "CREATE TRIGGER t BEFORE UPDATE ON \"x y\" FOR EACH ROW SET @a = 'x\\' || new.b")]
    [InlineData("CREATE TRIGGER t BEFORE UPDATE ON Orders FOR EACH ROW SET @a = 'Orders'", "orders", "CREATE TRIGGER t BEFORE UPDATE ON `orders` FOR EACH ROW SET @a = 'Orders'")]
    [InlineData("CREATE TRIGGER Db.T BEFORE UPDATE ON Db.`orderLines` FOR EACH ROW SET @a = 1", "orderlines", "CREATE TRIGGER T BEFORE UPDATE ON `orderlines` FOR EACH ROW SET @a = 1")]
    public void A_trigger_loses_the_database_in_its_head_alone_and_is_on_its_table_as_the_server_has_it(string shown, string table, string written) =>
        Assert.Equal(written, TriggerDefinition.WithoutDatabase(shown, table));

    [Theory]
    [InlineData("CREATE DEFINER=`o``dd`@`10.%` PROCEDURE `p`() SELECT 1", "o`dd@10.%", "CREATE DEFINER=`n`@`%` PROCEDURE `p`() SELECT 1")]
    [InlineData("CREATE ALGORITHM=MERGE DEFINER=`role` SQL SECURITY INVOKER VIEW `v` AS select 'DEFINER=`x`'", "role@", "CREATE ALGORITHM=MERGE DEFINER=`n`@`%` SQL SECURITY INVOKER VIEW `v` AS select 'DEFINER=`x`'")]
    [InlineData("CREATE DEFINER=\"o\"\"dd\"@\"10.%\" PROCEDURE \"p\"() SELECT 1", "o\"dd@10.%", "CREATE DEFINER=`n`@`%` PROCEDURE \"p\"() SELECT 1")]
    [InlineData("CREATE VIEW `v` AS select 'DEFINER=`x`@`y`'", null, "CREATE VIEW `v` AS select 'DEFINER=`x`@`y`'")]
    public void The_definer_is_found_in_the_head_and_replaced(string sql, string? account, string rewritten)
    {
        Assert.Equal(account, Definer.Find(sql)?.Account);
        Assert.Equal(rewritten, Definer.Rewrite(sql, "`n`@`%`"));
    }

    [Theory]
    [InlineData("CREATE DEFINER=`ai_shell_import_0a1b2c3d`@`%` PROCEDURE `p`() SELECT 1", "CREATE PROCEDURE `p`() SELECT 1")]
    [InlineData("CREATE ALGORITHM=MERGE DEFINER=`ai_shell_import_0a1b2c3d`@`%` SQL SECURITY INVOKER VIEW `v` AS select 1", "CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v` AS select 1")]
    [InlineData("CREATE DEFINER=`ai_shell_import_0a1b2c3d`@`localhost` PROCEDURE `p`() SELECT 1", null)]
    [InlineData("CREATE DEFINER=`ai_shell_import_0a1b2c3d4`@`%` PROCEDURE `p`() SELECT 1", null)]
    [InlineData("CREATE DEFINER=`app`@`%` PROCEDURE `p`() SELECT 1", null)]
    [InlineData("CREATE PROCEDURE `p`() SELECT 'DEFINER=`ai_shell_import_0a1b2c3d`@`%`'", null)]
    public void The_account_of_an_import_and_no_other_is_left_out(string sql, string? without) => Assert.Equal(without ?? sql, Definer.WithoutImport(sql));

    [Theory]
    [InlineData("CREATE PROCEDURE `p`() SELECT 1", "CREATE * PROCEDURE `p`() SELECT 1")]
    [InlineData("CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1", "CREATE ALGORITHM=UNDEFINED * SQL SECURITY DEFINER VIEW `v` AS select 1")]
    public void The_definer_comes_behind_the_algorithm(string sql, string written) => Assert.Equal(written, sql.Insert(Definer.PlaceIn(sql), "* "));

    [Fact]
    public void Columns_of_a_view_lose_the_database_and_nothing_else_does() => Assert.Equal(
        "CREATE VIEW `v` AS select `t`.`a` AS `db`,`db`.`b`,'`db`.`t`.`a`' from `t`",
        ViewDefinition.WithoutDatabase("CREATE VIEW `v` AS select `db`.`t`.`a` AS `db`,`db`.`b`,'`db`.`t`.`a`' from `t`", "db"));
}
