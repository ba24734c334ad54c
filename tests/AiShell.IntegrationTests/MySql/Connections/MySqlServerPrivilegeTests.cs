using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>As <see cref="PrivilegeTests"/>, with MySQL's privileges.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerPrivilegeTests(SharedMySql shared) : IDisposable
{
    private const string Password = "least-s3cret";
    private const string OfBackup = "SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES";

    private readonly Surroundings _user = new();
    private readonly string _name = $"least_{Guid.NewGuid():n}"[..24];

    private DatabaseAddress Address => shared.Server.AddressOf(_name, _name, Password);

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task The_documented_users_back_up_and_restore()
    {
        string[] statements = Document.Read("docs/mysql.md").Section("### Privileges on MySQL 8 and 9").Frames("sql");
        Assert.Equal(2, statements.Length);
        await PrepareAsync("");
        await shared.Server.RunAsync("", $"DROP USER IF EXISTS backup, restore; {string.Concat(statements).Replace("`shop", $"`{_name.Replace("_", "\\_", StringComparison.Ordinal)}", StringComparison.Ordinal)}");
        DatabaseAddress backup = shared.Server.AddressOf(_name, "backup", "choose one");
        DatabaseAddress restore = shared.Server.AddressOf(_name, "restore", "choose one");
        DatabaseProbe probe = await _user.Engine.ProbeAsync(backup, default);
        Assert.Contains("a restore", Assert.Single(probe.Limits), StringComparison.Ordinal);
        Assert.Empty(probe.Obstacles);
        Assert.DoesNotContain((await _user.Engine.ProbeAsync(restore, default)).Limits, limit => limit.Contains("restore", StringComparison.Ordinal));

        MemoryBackup made = await BackupAsync(backup);
        string before = await shared.Server.DumpAsync(_name);
        await shared.Server.RunAsync(_name, "DELETE FROM plain; DROP VIEW seen; DROP EVENT daily; DROP PROCEDURE work; DROP TABLE old");
        TargetState state = await _user.Engine.InspectTargetAsync(restore, made.Contents, Target(), default);
        Assert.Empty(state.Obstacles);
        await made.RestoreAsync(_user.Engine, restore, Target());
        Assert.Equal(before, await shared.Server.DumpAsync(_name));
    }

    /// <summary>What belongs to root nobody else may drop: that would be found out when the tables have moved.</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("", false)]
    [InlineData("GRANT SELECT ON mysql.* TO {0};", true)]
    [InlineData("GRANT SELECT ON mysql.* TO {0};", false)]
    public async Task What_belongs_to_root_is_replaced_by_its_equals_or_not_at_all(string sees, bool keepOwners)
    {
        await PrepareAsync(
            $"GRANT ALL ON `{_name}`.* TO {_name}; GRANT ALL ON `{_name}\\_ai\\_shell\\_%`.* TO {_name}; GRANT SHOW_ROUTINE, RELOAD, PROCESS, BACKUP_ADMIN, SET_ANY_DEFINER, SUPER ON *.* TO {_name}; {string.Format(System.Globalization.CultureInfo.InvariantCulture, sees, _name)}");
        MemoryBackup made = await BackupAsync(Address);
        await shared.Server.RunAsync(_name, "DELETE FROM plain WHERE id > 50");
        string before = await shared.Server.DumpAsync(_name);
        TargetOptions options = Target() with { KeepOwners = keepOwners };

        TargetState state = await _user.Engine.InspectTargetAsync(Address, made.Contents, options, default);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => made.RestoreAsync(_user.Engine, Address, options));

        Assert.Contains(sees.Length > 0 ? state.Obstacles.Select(obstacle => obstacle.Message) : state.Warnings, told => told.Contains("SYSTEM_USER", StringComparison.Ordinal));
        Assert.Contains("SYSTEM_USER", failure.Message, StringComparison.Ordinal);
        Assert.Contains((await _user.Engine.ProbeAsync(Address, default)).Limits, limit => limit.Contains("SYSTEM_USER", StringComparison.Ordinal));
        Assert.Equal(before, await shared.Server.DumpAsync(_name));
        Assert.DoesNotContain("ai_shell", await shared.Server.RunAsync("", $"SHOW DATABASES LIKE '{_name}%'"), StringComparison.Ordinal);

        await shared.Server.RunAsync("", $"GRANT SYSTEM_USER ON *.* TO {_name}");
        Assert.DoesNotContain((await _user.Engine.InspectTargetAsync(Address, made.Contents, options, default)).Obstacles, obstacle => obstacle.Message.Contains("SYSTEM_USER", StringComparison.Ordinal));
        await made.RestoreAsync(_user.Engine, Address, options);
        Assert.Equal("100", await shared.Server.RunAsync(_name, "SELECT count(*) FROM plain"));
    }

    [Theory]
    [InlineData("SELECT", "tables")]
    [InlineData("TRIGGER", "triggers")]
    [InlineData("EVENT", "events")]
    [InlineData("SHOW_ROUTINE", "procedures")]
    public async Task What_may_not_be_seen_is_told_and_is_never_left_out(string without, string what)
    {
        string granted = string.Join(", ", OfBackup.Split(", ").Where(name => name != without));
        await PrepareAsync($"GRANT {granted} ON `{_name}`.* TO {_name}; GRANT SELECT ON `{_name}`.plain TO {_name}; GRANT RELOAD, PROCESS, REPLICATION CLIENT{(without == "SHOW_ROUTINE" ? "" : ", SHOW_ROUTINE")} ON *.* TO {_name}");
        Assert.Contains((await _user.Engine.ProbeAsync(Address, default)).Obstacles, obstacle => obstacle.Message.Contains(what, StringComparison.Ordinal) && obstacle.Hint!.StartsWith($"GRANT {without}", StringComparison.Ordinal));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackupAsync(Address));
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);

        await shared.Server.RunAsync(_name, $"GRANT {without} ON {(without == "SHOW_ROUTINE" ? "*" : $"`{_name}`")}.* TO {_name}");
        Assert.Empty((await _user.Engine.ProbeAsync(Address, default)).Obstacles);
        await BackupAsync(Address);
    }

    [Theory]
    [InlineData("", false, "one session, and its position")]
    [InlineData(", REPLICATION CLIENT", false, "metadata_locks")]
    [InlineData(", REPLICATION CLIENT", true, "nobody commits while")]
    [InlineData(", RELOAD", false, "BACKUP_ADMIN")]
    public async Task A_user_who_may_lock_nothing_is_told_and_makes_a_backup(string has, bool seesLocks, string told)
    {
        await PrepareAsync(
            $"GRANT {OfBackup} ON `{_name}`.* TO {_name}; GRANT SHOW_ROUTINE{has} ON *.* TO {_name}; {(seesLocks ? $"GRANT SELECT ON performance_schema.metadata_locks TO {_name}" : "")}");
        DatabaseProbe probe = await _user.Engine.ProbeAsync(Address, default);
        Assert.Contains(probe.Limits, limit => limit.Contains(told, StringComparison.Ordinal));
        Assert.Empty(probe.Obstacles);
        MemoryBackup made = await BackupAsync(Address);
        Assert.Equal(seesLocks, made.Position.Value.StartsWith("binlog.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Roles_count_as_what_they_hold()
    {
        await PrepareAsync($"CREATE ROLE {_name}_role; GRANT ALL ON *.* TO {_name}_role; GRANT {_name}_role TO {_name}; SET DEFAULT ROLE {_name}_role TO {_name}");
        Assert.Empty((await _user.Engine.ProbeAsync(Address, default)).Limits);
        await BackupAsync(Address);
    }

    private async Task PrepareAsync(string grants) => await shared.Server.RunAsync(
        "",
        $"""
        CREATE DATABASE {_name};
        USE {_name};
        CREATE TABLE plain(id int PRIMARY KEY, x varchar(20));
        CREATE TABLE old(id int PRIMARY KEY) ENGINE = MyISAM;
        CREATE VIEW seen AS SELECT * FROM plain;
        CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1;
        CREATE PROCEDURE work() SELECT 1;
        CREATE TRIGGER watch BEFORE INSERT ON plain FOR EACH ROW SET NEW.x = upper(NEW.x);
        CREATE EVENT daily ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM plain WHERE FALSE;
        INSERT INTO plain WITH RECURSIVE numbers(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < 100) SELECT seq, 'x' FROM numbers;
        INSERT INTO old VALUES (1), (2);
        CREATE USER {_name} IDENTIFIED BY '{Password}';
        {grants};
        """);

    private TargetOptions Target() => new(TableFilter.Everything, false, Replace: true, 2, _user.UserFolder, TimeSpan.FromSeconds(10));

    private Task<MemoryBackup> BackupAsync(DatabaseAddress address) =>
        MemoryBackup.MakeAsync(_user.Engine, address, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
}
