using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class PromotionTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private readonly string _name = $"p{Guid.NewGuid().ToString("N")[..8]}";

    private static TargetOptions Options(bool replace = false, bool keepOld = false) =>
        new(TableFilter.Everything, IntoExisting: false, replace, 2, Path.GetTempPath(), TimeSpan.FromSeconds(20)) { KeepOld = keepOld };

    private DatabaseAddress Address(string suffix) => shared.Server.AddressOf($"{_name}_{suffix}");

    private const string Parent = "CREATE TABLE `parent` (`id` int NOT NULL, `code` varchar(10) COLLATE utf8mb4_bin, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
    private const string Child = "CREATE TABLE `child` (`id` int NOT NULL AUTO_INCREMENT, `parent` varchar(10) COLLATE utf8mb4_bin, `made` int DEFAULT nextval(`numbers`), PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";

    /// <summary>A database with one of everything, and its backup.</summary>
    private async Task<HandMadeBackup> MakeAsync(string suffix)
    {
        string source = Address(suffix).Database;
        await shared.Server.RunAsync("", $"CREATE DATABASE `{source}` CHARACTER SET latin1 COLLATE latin1_german1_ci");
        HandMadeBackup backup = new();
        backup.Before("SEQUENCE", "numbers", "CREATE SEQUENCE `numbers` START WITH 7;");
        int parent = backup.Table("parent", Parent);
        int child = backup.Table("child", Child);
        backup.After("KEYS", "parent", "ALTER TABLE `parent` ADD UNIQUE KEY `code` (`code`);", parent);
        backup.After("KEYS", "child", "ALTER TABLE `child` ADD KEY `parent` (`parent`);", child);
        backup.After("FOREIGN KEY", "child", "ALTER TABLE `child` ADD CONSTRAINT `belongs` FOREIGN KEY (`parent`) REFERENCES `parent` (`code`);", child, parent);
        backup.After("VIEW", "pairs", "CREATE VIEW `pairs` AS SELECT `child`.`id` AS `id`, `parent`.`code` AS `code` FROM `child` JOIN `parent` ON `child`.`parent` = `parent`.`code`;", child, parent);
        backup.After("FUNCTION", "twice", "DELIMITER ;;\nCREATE FUNCTION `twice`(x int) RETURNS int DETERMINISTIC BEGIN SET x = x * 2; RETURN x; END\n;;\nDELIMITER ;");
        backup.After("TRIGGER", "upper", "SET sql_mode = 'ANSI_QUOTES';\nDELIMITER ;;\nCREATE TRIGGER `upper` BEFORE INSERT ON `parent` FOR EACH ROW BEGIN SET NEW.code = upper(NEW.code); END\n;;\nDELIMITER ;\nSET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';", parent);
        backup.After("EVENT", "tick", "CREATE EVENT `tick` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO DELETE FROM child WHERE id < 0;");
        await shared.Server.RunAsync(source, $"CREATE SEQUENCE numbers START WITH 7; {Parent} {Child} INSERT INTO parent VALUES(1, 'A'), (2, '\t\n\\\\'); INSERT INTO child(parent) VALUES('A'), (NULL), ('\t\n\\\\');");
        return backup.Write(Address(suffix), partsOfEach: 2);
    }

    private async Task<string[]> DatabasesAsync() => (await shared.Server.RunAsync("", $"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{_name}%' ORDER BY 1")).Split('\n');

    private async Task RequireWholeAsync(string target)
    {
        MariaDbServer server = shared.Server;
        Assert.Equal("latin1_german1_ci", await server.RunAsync("", $"SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{target}'"));
        Assert.Equal("A", await server.RunAsync(target, "SELECT code FROM pairs WHERE id = 1"));
        Assert.Equal("6", await server.RunAsync(target, "SELECT twice(3)"));
        Assert.Equal("ANSI_QUOTES", await server.RunAsync("", $"SELECT SQL_MODE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{target}'"));
        Assert.Equal("tick", await server.RunAsync("", $"SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '{target}'"));
        await server.RunAsync(target, "INSERT INTO parent VALUES(50, 'q')");
        Assert.Equal("Q", await server.RunAsync(target, "SELECT code FROM parent WHERE id = 50"));
        await server.RunAsync(target, "INSERT INTO child(parent) VALUES('Q')"); // its default asks the sequence
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.RunAsync(target, "INSERT INTO child(parent) VALUES('nobody')"));
    }

    [Fact]
    public async Task A_missing_target_is_made_with_everything()
    {
        HandMadeBackup backup = await MakeAsync("src");
        DatabaseAddress target = Address("new");

        TargetState state = await new MySqlEngine().InspectTargetAsync(target, backup.Contents, Options(), default);
        Assert.Null(await backup.RestoreAsync(target, Options()));

        Assert.Equal((false, true), (state.Exists, state.IsEmpty));
        await RequireWholeAsync(target.Database);
        Assert.Equal([target.Database, $"{_name}_src"], await DatabasesAsync());
    }

    [Fact]
    public async Task A_standing_target_with_triggers_and_the_same_keys_is_replaced_and_kept_where_that_is_wanted()
    {
        HandMadeBackup backup = await MakeAsync("src");
        DatabaseAddress target = Address("old");
        await backup.RestoreAsync(target, Options());
        await shared.Server.RunAsync(target.Database, "CREATE TABLE extra(x int); CREATE VIEW only_old AS SELECT * FROM extra; INSERT INTO parent VALUES (77, 'old')");

        AiShellException refusal = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(target, Options()));
        Assert.Equal(ErrorKind.Refused, refusal.Kind);
        string kept = (await backup.RestoreAsync(target, Options(replace: true, keepOld: true)))!;

        await RequireWholeAsync(target.Database);
        Assert.Equal("", await shared.Server.RunAsync(target.Database, "SHOW TABLES LIKE 'extra'"));
        Assert.Equal("", await shared.Server.RunAsync(target.Database, "SHOW TABLES LIKE 'only_old'"));
        Assert.Equal("OLD", await shared.Server.RunAsync(kept, "SELECT code FROM parent WHERE id = 77"));
        Assert.Equal("upper", await shared.Server.RunAsync("", $"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '{kept}'"));
        Assert.Equal("A", await shared.Server.RunAsync(kept, "SELECT code FROM pairs WHERE id = 1"));
        Assert.Equal([target.Database, kept, $"{_name}_src"], await DatabasesAsync());

        await backup.RestoreAsync(target, Options(replace: true));
        Assert.Equal([target.Database, kept, $"{_name}_src"], await DatabasesAsync());
    }
}
