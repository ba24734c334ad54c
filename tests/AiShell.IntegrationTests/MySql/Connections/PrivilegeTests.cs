using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>The least that a user needs, as docs/mysql.md has it.</summary>
public sealed class PrivilegeTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IDisposable
{
    private const string Password = "least-s3cret";

    private readonly Surroundings _user = new();
    private readonly string _name = $"least_{Guid.NewGuid():n}"[..24];

    private DatabaseAddress Address => shared.Server.AddressOf(_name, _name, Password);

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task The_documented_users_back_up_and_restore()
    {
        string[] statements = Document.Read("docs/mysql.md").Section("## Privileges").Frames("sql")[..2];
        await PrepareAsync("");
        await shared.Server.RunAsync("", string.Concat(statements).Replace("`shop", $"`{_name.Replace("_", "\\_", StringComparison.Ordinal)}", StringComparison.Ordinal));
        DatabaseAddress backup = shared.Server.AddressOf(_name, "backup", "choose one");
        DatabaseAddress restore = shared.Server.AddressOf(_name, "restore", "choose one");
        DatabaseProbe probe = await _user.Engine.ProbeAsync(backup, default);
        Assert.Contains("a restore", Assert.Single(probe.Limits), StringComparison.Ordinal);
        Assert.Empty(probe.Obstacles);
        Assert.DoesNotContain((await _user.Engine.ProbeAsync(restore, default)).Limits, limit => limit.Contains("restore", StringComparison.Ordinal));

        MemoryBackup made = await BackupAsync(backup);
        string before = await DumpAsync(_name);
        await shared.Server.RunAsync(_name, "DELETE FROM plain; DROP VIEW seen; DROP EVENT daily; DROP PROCEDURE work; DROP TABLE old");
        await made.RestoreAsync(_user.Engine, restore, Target(replace: true));
        Assert.Equal(before, await DumpAsync(_name));
    }

    [Fact]
    public async Task What_a_restore_lacks_is_told()
    {
        await PrepareAsync($"GRANT ALL ON `{_name}`.* TO {_name}; GRANT SELECT ON mysql.proc TO {_name}; GRANT RELOAD, PROCESS ON *.* TO {_name}");
        Assert.Contains((await ProbeAsync()).Limits, limit => limit.Contains("\\_ai\\_shell\\_%`.*", StringComparison.Ordinal));
        await Assert.ThrowsAsync<AiShellException>(RestoreOverAsync);

        await shared.Server.RunAsync("", $"GRANT ALL ON `{_name}\\_ai\\_shell\\_%`.* TO {_name}");
        Assert.Equal(["SET USER", "SUPER"], (await ProbeAsync()).Limits.Select(limit => limit.Contains("SET USER", StringComparison.Ordinal) ? "SET USER" : "SUPER"));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(RestoreOverAsync);
        Assert.Contains("docs/mysql.md", failure.Hint, StringComparison.Ordinal);

        await shared.Server.RunAsync("", $"GRANT SET USER ON *.* TO {_name}");
        failure = await Assert.ThrowsAsync<AiShellException>(RestoreOverAsync);
        Assert.Contains("log_bin_trust_function_creators", failure.Hint, StringComparison.Ordinal);

        await shared.Server.RunAsync("", "SET GLOBAL log_bin_trust_function_creators = 1");
        try
        {
            Assert.Empty((await ProbeAsync()).Limits);
            await RestoreOverAsync();
        }
        finally
        {
            await shared.Server.RunAsync("", "SET GLOBAL log_bin_trust_function_creators = 0");
        }
    }

    [Theory]
    [InlineData("SELECT", "tables")]
    [InlineData("TRIGGER", "triggers")]
    [InlineData("EVENT", "events")]
    public async Task What_may_not_be_seen_is_told_and_is_never_left_out(string without, string what)
    {
        string[] granted = [.. new[] { "SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "LOCK TABLES" }.Where(name => name != without)];
        await PrepareAsync($"GRANT {string.Join(", ", granted)} ON `{_name}`.* TO {_name}; GRANT SELECT ON `{_name}`.plain TO {_name}; GRANT SELECT ON mysql.proc TO {_name}; GRANT RELOAD, BINLOG MONITOR ON *.* TO {_name}");
        RequireObstacle(await ProbeAsync(), $"all {what}", $"GRANT {without}");
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(BackupAsync);
        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);

        await shared.Server.RunAsync(_name, $"GRANT {without} ON `{_name}`.* TO {_name}");
        Assert.Empty((await ProbeAsync()).Obstacles);
        await BackupAsync();
    }

    [Fact]
    public async Task Routines_that_may_not_be_seen_are_told_and_never_left_out()
    {
        await PrepareAsync($"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `{_name}`.* TO {_name}; GRANT RELOAD, BINLOG MONITOR ON *.* TO {_name}");
        RequireObstacle(await ProbeAsync(), "procedures", "GRANT SELECT ON mysql.proc");
        Assert.Contains("procedures", (await Assert.ThrowsAsync<AiShellException>(BackupAsync)).Message, StringComparison.Ordinal);
        Assert.Single((await BackupAsync(BackupScope.All, new TableFilter(["plain"], []))).Contents.Tables);
        Assert.Equal(2, (await BackupAsync(BackupScope.DataOnly, TableFilter.Everything)).Contents.Tables.Count);

        await shared.Server.RunAsync(_name, $"GRANT SELECT ON mysql.proc TO {_name}");
        await BackupAsync();
    }

    [Fact]
    public async Task Views_and_tables_without_transactions_need_their_privileges()
    {
        await PrepareAsync($"GRANT SELECT, TRIGGER, EVENT ON `{_name}`.* TO {_name}; GRANT SELECT ON mysql.proc TO {_name}; GRANT RELOAD, BINLOG MONITOR ON *.* TO {_name}");
        DatabaseProbe probe = await ProbeAsync();
        RequireObstacle(probe, "views", "GRANT SHOW VIEW");
        RequireObstacle(probe, "without transactions", "GRANT LOCK TABLES");
        await Assert.ThrowsAsync<AiShellException>(BackupAsync);

        await shared.Server.RunAsync(_name, $"GRANT SHOW VIEW ON `{_name}`.* TO {_name}");
        Assert.Contains("LOCK TABLES", (await Assert.ThrowsAsync<AiShellException>(BackupAsync)).Hint, StringComparison.Ordinal);

        await shared.Server.RunAsync(_name, $"GRANT LOCK TABLES ON `{_name}`.* TO {_name}");
        await BackupAsync();
    }

    [Theory]
    [InlineData(BackupScope.All)]
    [InlineData(BackupScope.DataOnly)]
    public async Task Some_tables_need_what_is_on_them_alone_and_triggers_that_may_be_missing_are_told(BackupScope scope)
    {
        await PrepareAsync($"GRANT SELECT ON `{_name}`.* TO {_name}; GRANT EXECUTE ON FUNCTION `{_name}`.one TO {_name}; GRANT RELOAD ON *.* TO {_name}");
        SnapshotOptions options = new(BackupFormat.Sql, scope, new TableFilter(["plain"], []), 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10));
        await using (ISnapshot snapshot = await _user.Engine.OpenSnapshotAsync(Address, options, default))
        {
            MemoryBackup backup = await MemoryBackup.WriteAsync(_user.Engine, snapshot, options);
            Assert.Equal(100, Assert.Single(backup.Contents.Tables).Fingerprint.Rows);
            Assert.Equal(scope == BackupScope.All ? 1 : 0, snapshot.Warnings.Count(warning => warning.Contains("triggers", StringComparison.Ordinal)));
        }

        await shared.Server.RunAsync(_name, $"GRANT TRIGGER ON `{_name}`.plain TO {_name}");
        await using ISnapshot permitted = await _user.Engine.OpenSnapshotAsync(Address, options, default);
        Assert.Empty(permitted.Warnings);
        Assert.Equal(scope == BackupScope.All ? 1 : 0, permitted.Objects.GetValueOrDefault("triggers"));
    }

    [Fact]
    public async Task Roles_count_as_what_they_hold()
    {
        await PrepareAsync($"CREATE ROLE {_name}_role; GRANT ALL ON *.* TO {_name}_role; GRANT {_name}_role TO {_name}; SET DEFAULT ROLE {_name}_role FOR {_name}");
        Assert.Empty((await ProbeAsync()).Limits);
        await BackupAsync();
    }

    [Fact]
    public async Task A_user_without_RELOAD_is_told_and_makes_a_backup()
    {
        await PrepareAsync($"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON `{_name}`.* TO {_name}; GRANT SELECT ON mysql.proc TO {_name}");
        DatabaseProbe probe = await ProbeAsync();
        Assert.Contains("The user has no RELOAD: a backup is read by one session.", probe.Limits); // its position is known all the same
        Assert.Empty(probe.Obstacles);
        Assert.StartsWith("binlog.", (await BackupAsync()).Position.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_read_only_is_told()
    {
        await PrepareAsync($"GRANT ALL ON *.* TO {_name}; SET GLOBAL read_only = 1");
        try
        {
            Assert.Equal(["The server is read only: it takes backups, but no restore."], (await ProbeAsync()).Limits);
        }
        finally
        {
            await shared.Server.RunAsync("", "SET GLOBAL read_only = 0");
        }
    }

    private static void RequireObstacle(DatabaseProbe probe, string what, string grant) =>
        Assert.Contains(probe.Obstacles, obstacle => obstacle.Message.Contains(what, StringComparison.Ordinal) && obstacle.Hint!.StartsWith(grant, StringComparison.Ordinal));

    /// <summary>A restore by the user over what is there, which is changed before.</summary>
    private async Task RestoreOverAsync()
    {
        MemoryBackup backup = await BackupAsync();
        string before = await DumpAsync(_name);
        await shared.Server.RunAsync(_name, "DELETE FROM plain WHERE id > 50");
        try
        {
            await backup.RestoreAsync(_user.Engine, Address, Target(replace: true));
            Assert.Equal(before, await DumpAsync(_name));
        }
        finally
        {
            await shared.Server.RunAsync(_name, "DELETE FROM plain; INSERT INTO plain SELECT seq, 'x' FROM seq_1_to_100");
        }
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
        INSERT INTO plain SELECT seq, 'x' FROM seq_1_to_100;
        INSERT INTO old VALUES (1), (2);
        CREATE USER {_name} IDENTIFIED BY '{Password}';
        {grants};
        """);

    private Task<DatabaseProbe> ProbeAsync() => _user.Engine.ProbeAsync(Address, CancellationToken.None);

    private Task<string> DumpAsync(string database) => shared.Server.DumpAsync(database);

    private TargetOptions Target(bool replace = false) => new(TableFilter.Everything, false, replace, 2, _user.UserFolder, TimeSpan.FromSeconds(10));

    private Task<MemoryBackup> BackupAsync() => BackupAsync(BackupScope.All, TableFilter.Everything);

    private Task<MemoryBackup> BackupAsync(DatabaseAddress address) => BackupAsync(BackupScope.All, TableFilter.Everything, address);

    private Task<MemoryBackup> BackupAsync(BackupScope scope, TableFilter tables, DatabaseAddress? address = null) =>
        MemoryBackup.MakeAsync(_user.Engine, address ?? Address, new SnapshotOptions(BackupFormat.Sql, scope, tables, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
}
