using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>The least that a role needs, as docs/postgresql.md has it.</summary>
public sealed class PrivilegeTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private readonly Surroundings _user = new();
    private readonly string _name = $"least_{Guid.NewGuid():n}";

    private DatabaseAddress Address => shared.Server.AddressOf(_name, _name, "least-s3cret");

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task A_role_that_may_connect_and_read_all_data_makes_a_backup_that_restores()
    {
        await PrepareAsync("");
        Assert.Equal(["The user has no CREATEDB: a restore, which makes a new database, needs another user."], (await ProbeAsync()).Limits);

        MemoryBackup backup = await BackupAsync();

        Assert.Equal(["hidden.deep_1", "hidden.quick", "public.secret"], backup.Contents.Tables.Select(table => table.Table.ToString()));
        DatabaseAddress target = shared.Server.AddressOf($"{_name}_copy");
        await backup.RestoreAsync(_user.Engine, target, new TargetOptions(TableFilter.Everything, false, false, 2, _user.UserFolder, TimeSpan.FromSeconds(10)));
        Assert.Equal(await shared.Server.DumpAsync(_name), await shared.Server.DumpAsync($"{_name}_copy"));
    }

    [Fact]
    public async Task Row_level_security_without_leave_to_pass_it_is_told_and_fails()
    {
        await PrepareAsync("ALTER TABLE secret ENABLE ROW LEVEL SECURITY");
        Assert.Contains((await ProbeAsync()).Limits, limit => limit.Contains("BYPASSRLS", StringComparison.Ordinal));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(BackupAsync);
        Assert.Contains("secret", failure.Message, StringComparison.Ordinal);

        await shared.Server.RunAsync(_name, $"ALTER ROLE {_name} BYPASSRLS");
        Assert.DoesNotContain((await ProbeAsync()).Limits, limit => limit.Contains("BYPASSRLS", StringComparison.Ordinal));
        await BackupAsync();
    }

    [Fact]
    public async Task Large_objects_that_may_not_be_read_are_told()
    {
        await PrepareAsync("SELECT lo_create(4711); SELECT lo_create(4712)");
        Assert.DoesNotContain((await ProbeAsync()).Limits, limit => limit.Contains("large object", StringComparison.Ordinal));
        await BackupAsync();

        await shared.Server.RunAsync(_name, $"REVOKE pg_read_all_data FROM {_name}; GRANT USAGE ON SCHEMA hidden TO {_name}; GRANT SELECT ON ALL TABLES IN SCHEMA public, hidden TO {_name}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, hidden TO {_name}; GRANT SELECT ON LARGE OBJECT 4711, 4712 TO {_name}");
        Assert.Contains((await ProbeAsync()).Limits, limit => limit.Contains("2 large objects", StringComparison.Ordinal));
        await Assert.ThrowsAsync<AiShellException>(BackupAsync);

        await shared.Server.RunAsync(_name, $"GRANT SELECT ON pg_catalog.pg_largeobject TO {_name}");
        Assert.DoesNotContain((await ProbeAsync()).Limits, limit => limit.Contains("large object", StringComparison.Ordinal));
        await BackupAsync();
    }

    [Fact]
    public async Task A_role_without_them_is_told_what_it_lacks()
    {
        await PrepareAsync("");
        await shared.Server.RunAsync(_name, $"REVOKE pg_read_all_data FROM {_name}");
        Assert.Contains((await ProbeAsync()).Limits, limit => limit.Contains("pg_read_all_data", StringComparison.Ordinal));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(BackupAsync);
        Assert.Contains("pg_read_all_data", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_pg_dump_is_told_before_the_first_backup()
    {
        await PrepareAsync("");
        _user.Set("AI_SHELL_PG_BIN", _user.UserFolder);
        Assert.Contains((await ProbeAsync()).Limits, limit => limit.Contains("postgresql-client-15", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_may_connect_sees_version_size_and_settings()
    {
        await PrepareAsync("");
        DatabaseProbe probe = await ProbeAsync();
        Assert.StartsWith("15.", probe.Version, StringComparison.Ordinal);
        Assert.True(probe.SizeBytes > 1_000_000);
        Assert.Contains(KeyValuePair.Create("role", "primary"), probe.Details);
        Assert.Contains(KeyValuePair.Create("encoding", "UTF8"), probe.Details);
    }

    private async Task PrepareAsync(string more)
    {
        await shared.Server.RunAsync("postgres", $"CREATE ROLE {_name} LOGIN PASSWORD 'least-s3cret'");
        await shared.Server.RunAsync("postgres", $"CREATE DATABASE {_name} TEMPLATE template0");
        await shared.Server.RunAsync(
            _name,
            $"""
            REVOKE ALL ON DATABASE {_name} FROM PUBLIC;
            GRANT CONNECT ON DATABASE {_name} TO {_name};
            GRANT pg_read_all_data TO {_name};
            CREATE SCHEMA hidden;
            CREATE TABLE secret(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x text);
            CREATE TABLE hidden.deep(x int) PARTITION BY RANGE (x);
            CREATE TABLE hidden.deep_1 PARTITION OF hidden.deep FOR VALUES FROM (0) TO (1000);
            CREATE UNLOGGED TABLE hidden.quick(x serial);
            CREATE SEQUENCE hidden.numbers;
            SELECT setval('hidden.numbers', 77);
            INSERT INTO secret(x) SELECT 'x' FROM generate_series(1, 100);
            INSERT INTO hidden.deep SELECT generate_series(0, 999);
            INSERT INTO hidden.quick DEFAULT VALUES;
            CREATE MATERIALIZED VIEW hidden.total AS SELECT count(*) FROM public.secret;
            {more}
            """);
    }

    private Task<DatabaseProbe> ProbeAsync() => _user.Engine.ProbeAsync(Address, CancellationToken.None);

    private Task<MemoryBackup> BackupAsync() => MemoryBackup.MakeAsync(
        _user.Engine, Address, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
}
