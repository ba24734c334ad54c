using AiShell.Connections;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Databases with one of everything that a promotion has to do with.</summary>
internal sealed class PromotionWorld(MySqlFamilyServer server, string name)
{
    private const string Parent = "CREATE TABLE `parent` (`id` int NOT NULL, `code` varchar(10) COLLATE utf8mb4_bin, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
    // MySQL does not lock it together with others.
    private const string Moved = "CREATE TABLE `moved` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4;";

    private string Child => "CREATE TABLE `child` (`id` int NOT NULL AUTO_INCREMENT, `parent` varchar(10) COLLATE utf8mb4_bin, `made` int{0}, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;".Replace("{0}", HasSequences ? " DEFAULT nextval(`numbers`)" : "", StringComparison.Ordinal);

    private bool HasSequences => server is MariaDbServer;

    /// <summary>A database with one of everything, and its backup.</summary>
    public async Task<HandMadeBackup> MakeAsync(string suffix)
    {
        string source = Address(suffix).Database;
        await server.RunAsync("", $"CREATE DATABASE `{source}` CHARACTER SET latin1 COLLATE latin1_german1_ci");
        HandMadeBackup backup = new();
        if (HasSequences)
        {
            backup.Before("SEQUENCE", "numbers", "CREATE SEQUENCE `numbers` START WITH 7;");
            await server.RunAsync(source, "CREATE SEQUENCE numbers START WITH 7");
        }

        if (server is MySqlServer)
        {
            backup.Table("moved", Moved);
            await server.RunAsync(source, $"{Moved} INSERT INTO moved VALUES (1), (2)");
        }

        int parent = backup.Table("parent", Parent);
        int child = backup.Table("child", Child);
        backup.After("KEYS", "parent", "ALTER TABLE `parent` ADD UNIQUE KEY `code` (`code`);", parent);
        backup.After("KEYS", "child", "ALTER TABLE `child` ADD KEY `parent` (`parent`);", child);
        backup.After("FOREIGN KEY", "child", "ALTER TABLE `child` ADD CONSTRAINT `belongs` FOREIGN KEY (`parent`) REFERENCES `parent` (`code`);", child, parent);
        backup.After("VIEW", "pairs", "CREATE VIEW `pairs` AS SELECT `child`.`id` AS `id`, `parent`.`code` AS `code` FROM `child` JOIN `parent` ON `child`.`parent` = `parent`.`code`;", child, parent);
        backup.After("FUNCTION", "twice", "DELIMITER ;;\nCREATE FUNCTION `twice`(x int) RETURNS int DETERMINISTIC BEGIN SET x = x * 2; RETURN x; END\n;;\nDELIMITER ;");
        backup.After("TRIGGER", "upper", "SET sql_mode = 'ANSI_QUOTES';\nDELIMITER ;;\nCREATE TRIGGER `upper` BEFORE INSERT ON `parent` FOR EACH ROW BEGIN SET NEW.code = upper(NEW.code); END\n;;\nDELIMITER ;\nSET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';", parent);
        backup.After("EVENT", "tick", "CREATE EVENT `tick` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO DELETE FROM child WHERE id < 0;");
        await server.RunAsync(source, $"{Parent} {Child} INSERT INTO parent VALUES(1, 'A'), (2, '\t\n\\\\'); INSERT INTO child(parent) VALUES('A'), (NULL), ('\t\n\\\\');");
        return backup.Write(Address(suffix), partsOfEach: 2);
    }

    public async Task<string[]> DatabasesAsync() => (await server.RunAsync("", $"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{name}%' ORDER BY 1")).Split('\n');

    public async Task RequireWholeAsync(string target)
    {
        Assert.Equal("latin1_german1_ci", await server.RunAsync("", $"SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{target}'"));
        Assert.Equal("A", await server.RunAsync(target, "SELECT code FROM pairs WHERE id = 1"));
        Assert.Equal(server is MySqlServer ? "2" : "", server is MySqlServer ? await server.RunAsync(target, "SELECT count(*) FROM moved") : "");
        Assert.Equal("6", await server.RunAsync(target, "SELECT twice(3)"));
        Assert.Equal("ANSI_QUOTES", await server.RunAsync("", $"SELECT SQL_MODE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{target}' AND TRIGGER_NAME = 'upper'"));
        Assert.Equal("tick", await server.RunAsync("", $"SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{target}'"));
        await server.RunAsync(target, "INSERT INTO parent VALUES(50, 'q')");
        Assert.Equal("Q", await server.RunAsync(target, "SELECT code FROM parent WHERE id = 50"));
        await server.RunAsync(target, "INSERT INTO child(parent) VALUES('Q')"); // its default asks the sequence
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.RunAsync(target, "INSERT INTO child(parent) VALUES('nobody')"));
        await server.RunAsync(target, "DELETE FROM child WHERE parent = 'Q'; DELETE FROM parent WHERE id = 50");
    }

    public DatabaseAddress Address(string suffix) => server.AddressOf($"{name}_{suffix}");
}
