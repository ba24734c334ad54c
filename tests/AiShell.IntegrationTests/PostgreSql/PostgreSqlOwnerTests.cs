using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Owners, grants, and what is set on the database itself.</summary>
public sealed class PostgreSqlOwnerTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    private const string OfDatabase =
        """
        SELECT pg_get_userbyid(datdba), datconnlimit, datacl, shobj_description(oid, 'pg_database'),
               (SELECT string_agg(coalesce(r.rolname, '-') || s.setconfig::text, ';' ORDER BY r.rolname) FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid)
        FROM pg_database d WHERE datname = current_database()
        """;

    private readonly string _role = $"app \"{Guid.NewGuid():N}";

    private string Quoted => $"\"{_role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private async Task<DatabaseAddress> CreateOwnedAsync()
    {
        await Server.RunAsync("postgres", $"CREATE ROLE {Quoted}");
        return await CreateAsync(
            "source",
            $"""
            CREATE EXTENSION IF NOT EXISTS pgcrypto;
            CREATE TABLE t(x int); INSERT INTO t VALUES (1), (2);
            ALTER TABLE t OWNER TO {Quoted};
            GRANT SELECT ON t TO PUBLIC;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {Quoted};
            DO $$ DECLARE d text := quote_ident(current_database()); BEGIN
              EXECUTE 'ALTER DATABASE ' || d || ' OWNER TO {Quoted.Replace("'", "''", StringComparison.Ordinal)}';
              EXECUTE 'COMMENT ON DATABASE ' || d || ' IS ''it''''s $database$ %s''';
              EXECUTE 'ALTER DATABASE ' || d || ' CONNECTION LIMIT 17';
              EXECUTE 'ALTER DATABASE ' || d || ' SET search_path TO "$user", "odd, one", public';
              EXECUTE 'ALTER DATABASE ' || d || ' SET default_transaction_read_only TO on';
              EXECUTE 'ALTER ROLE {Quoted} IN DATABASE ' || d || ' SET work_mem TO ''7MB''';
              EXECUTE 'REVOKE ALL ON DATABASE ' || d || ' FROM PUBLIC';
              EXECUTE 'GRANT CONNECT ON DATABASE ' || d || ' TO pg_monitor WITH GRANT OPTION';
            END $$;
            """);
    }

    [Fact]
    public async Task Owners_grants_and_settings_come_back()
    {
        DatabaseAddress source = await CreateOwnedAsync();
        MemoryBackup backup = await BackUpAsync(source);
        DatabaseAddress copy = Fixture.AddressOf("copy");

        await backup.RestoreAsync(Engine, copy, Options());

        Assert.Equal(await ContentAsync(source), await ContentAsync(copy));
        string set = await Server.RunAsync(source.Database, OfDatabase);
        Assert.Contains("odd, one", set, StringComparison.Ordinal);
        Assert.Equal(set, await Server.RunAsync(copy.Database, OfDatabase));
    }

    [Fact]
    public async Task The_script_brings_them_back_by_psql_too()
    {
        DatabaseAddress source = await CreateOwnedAsync();
        MemoryBackup backup = await BackUpAsync(source);
        DatabaseAddress copy = await Fixture.CreateEmptyAsync("by-psql");

        await Server.RunAsync(copy.Database, Encoding.UTF8.GetString(backup.Plain));

        Assert.Equal(await ContentAsync(source), await ContentAsync(copy));
        Assert.Equal(await Server.RunAsync(source.Database, OfDatabase), await Server.RunAsync(copy.Database, OfDatabase));
    }

    [Fact]
    public async Task What_a_server_must_have_is_in_the_backup()
    {
        MemoryBackup backup = await BackUpAsync(await CreateOwnedAsync());

        Assert.Equal(["extensions", "owners", "roles"], backup.Contents.Requires.Keys);
        Assert.Equal(["pgcrypto"], backup.Contents.Requires["extensions"]);
        Assert.Equal([_role], backup.Contents.Requires["owners"]);
        Assert.Equal([_role, "pg_monitor", "postgres"], backup.Contents.Requires["roles"]);
    }

    [Fact]
    public async Task A_missing_role_is_told_before_and_no_owner_does_without()
    {
        MemoryBackup backup = await BackUpAsync(await CreateOwnedAsync());
        await Server.RunAsync("postgres", $"ALTER ROLE {Quoted} RENAME TO {Quoted.Replace("app", "renamed", StringComparison.Ordinal)}");
        DatabaseAddress copy = Fixture.AddressOf("copy");

        AiShellException obstacle = Assert.Single((await Engine.InspectTargetAsync(copy, backup.Contents, Options(), default)).Obstacles);
        Assert.Contains(_role, obstacle.Message, StringComparison.Ordinal);
        Assert.Contains("--no-owner", obstacle.Hint, StringComparison.Ordinal);
        await FailsAsync(ErrorKind.Failed, () => backup.RestoreAsync(Engine, copy, Options()));
        Assert.False(await Fixture.ExistsAsync(copy));

        TargetOptions without = Options() with { KeepOwners = false };
        Assert.Empty((await Engine.InspectTargetAsync(copy, backup.Contents, without, default)).Obstacles);
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, without));
        Assert.Equal("postgres||postgres", await Server.RunAsync(copy.Database, "SELECT tableowner, (SELECT relacl FROM pg_class WHERE relname = 't'), (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) FROM pg_tables WHERE tablename = 't'"));
    }

    [Fact]
    public async Task A_user_who_is_no_superuser_restores_what_he_may_own_and_replaces_what_he_owns()
    {
        MemoryBackup backup = await BackUpAsync(await CreateOfOneOwnerAsync());
        string user = $"u{Guid.NewGuid():N}";
        await Server.RunAsync("postgres", $"CREATE ROLE {user} LOGIN PASSWORD 'restored'");
        DatabaseAddress copy = Fixture.AddressOf("copy") with { UserName = user, Password = "restored" };
        Assert.Contains("may not make databases", await ObstacleAsync(copy, backup, Options() with { KeepOwners = false }), StringComparison.Ordinal);

        await Server.RunAsync("postgres", $"ALTER ROLE {user} CREATEDB");
        Assert.Contains("may not give objects to", await ObstacleAsync(copy, backup, Options()), StringComparison.Ordinal);
        await FailsAsync(ErrorKind.Failed, () => backup.RestoreAsync(Engine, copy, Options()));
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Options() with { KeepOwners = false }));
        Assert.Equal($"{user}|{user}", await Server.RunAsync(copy.Database, OwnersOf));

        await Server.RunAsync("postgres", $"GRANT {Quoted} TO {user}; ALTER ROLE {user} NOINHERIT");
        Assert.Contains("may not give objects to", await ObstacleAsync(copy, backup, Options(replace: true)), StringComparison.Ordinal);
        await Server.RunAsync("postgres", $"ALTER ROLE {user} INHERIT");
        Assert.Equal("", await ObstacleAsync(copy, backup, Options(replace: true)));
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Options(replace: true)));
        Assert.Equal($"{_role}|{_role}", await Server.RunAsync(copy.Database, OwnersOf));
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Options(replace: true)));
        Assert.Equal("1", await Server.RunAsync("postgres", $"SELECT count(*) FROM pg_database WHERE datname LIKE '{copy.Database}%'"));
    }

    [Fact]
    public async Task What_a_restores_user_may_not_do_is_told_as_that()
    {
        string user = $"u{Guid.NewGuid():N}";
        await Server.RunAsync("postgres", $"CREATE ROLE {user} LOGIN CREATEDB PASSWORD 'restored'");
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE t(x int); CREATE FUNCTION f() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';"));
        TargetOptions options = Options(replace: true) with { KeepOwners = false };

        // The database that would be replaced is another's: told before, and nothing is loaded first.
        DatabaseAddress others = (await CreateAsync("others", "CREATE TABLE t(x int)")) with { UserName = user, Password = "restored" };
        Assert.Equal($"The database '{others.Database}' belongs to 'postgres', and the user '{user}' may not replace it.", await ObstacleAsync(others, backup, options));
        AiShellException early = await FailsAsync(ErrorKind.Failed, () => Engine.OpenTargetAsync(others, backup.Contents, options, default));
        Assert.Contains("may not replace it", early.Message, StringComparison.Ordinal);
        await Server.RunAsync("postgres", $"CREATE ROLE {user}_owner; GRANT {user}_owner TO {user}; ALTER DATABASE \"{others.Database}\" OWNER TO {user}_owner");
        Assert.Equal("", await ObstacleAsync(others, backup, options));

        AiShellException failure = await FailsAsync(ErrorKind.Failed, () => backup.RestoreAsync(Engine, others, options));
        Assert.Contains("permission denied for language c", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("back up", failure.Hint, StringComparison.Ordinal);
        Assert.Contains("superuser", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("t", await Server.RunAsync(others.Database, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"));

        // A table that is another's, in a database that stands.
        failure = await FailsAsync(ErrorKind.Failed, () => backup.RestoreAsync(Engine, others, options with { IntoExisting = true, Tables = new TableFilter(["t"], []) }));
        Assert.Contains("permission denied for table t", failure.Message, StringComparison.Ordinal);
        Assert.Contains("superuser", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_locale_that_the_server_does_not_have_is_told_with_a_way_out()
    {
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE t(x int)"));
        MemoryBackup elsewhere = backup.WithPart(0, bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"collate\":\"C.UTF-8\"", "\"collate\":\"X.UTF-8\"", StringComparison.Ordinal)));

        AiShellException failure = await FailsAsync(ErrorKind.Failed, () => elsewhere.RestoreAsync(Engine, Fixture.AddressOf("copy"), Options()));

        Assert.Contains("X.UTF-8", failure.Message, StringComparison.Ordinal);
        Assert.Contains("backup export", failure.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SET FALSE")]
    [InlineData("INHERIT FALSE")]
    public async Task A_membership_that_does_not_reach_so_far_is_told_before(string without)
    {
        MemoryBackup backup = await BackUpAsync(await CreateOfOneOwnerAsync());
        await using PostgreSqlServer newer = await PostgreSqlServer.StartVersionAsync(BundledPostgreSql.BinariesOf(16));
        await newer.RunAsync("postgres", $"CREATE ROLE {Quoted}; CREATE ROLE hand LOGIN CREATEDB PASSWORD 'restored'; GRANT {Quoted} TO hand WITH {without}");
        DatabaseAddress copy = newer.AddressOf("copy", "hand", "restored");
        Assert.Contains("may not give objects to", await ObstacleAsync(copy, backup, Options()), StringComparison.Ordinal);

        await newer.RunAsync("postgres", $"GRANT {Quoted} TO hand WITH SET TRUE, INHERIT TRUE");
        Assert.Equal("", await ObstacleAsync(copy, backup, Options()));
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Options()));
        Assert.Equal($"{_role}|{_role}", await newer.RunAsync("copy", OwnersOf));
    }

    private const string OwnersOf = "SELECT tableowner, (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) FROM pg_tables WHERE tablename = 't'";

    private async Task<string> ObstacleAsync(DatabaseAddress target, MemoryBackup backup, TargetOptions options) =>
        string.Join(" ", (await Engine.InspectTargetAsync(target, backup.Contents, options, default)).Obstacles.Select(obstacle => obstacle.Message));

    /// <summary>Nothing that takes more than the owner's role.</summary>
    private async Task<DatabaseAddress> CreateOfOneOwnerAsync()
    {
        await Server.RunAsync("postgres", $"CREATE ROLE {Quoted}");
        DatabaseAddress source = await CreateAsync(
            "source",
            $"CREATE TABLE t(id serial PRIMARY KEY, x int); INSERT INTO t(x) SELECT generate_series(1, 20000); CREATE INDEX ON t(x); CREATE VIEW v AS SELECT x FROM t; ALTER TABLE t OWNER TO {Quoted}; ALTER VIEW v OWNER TO {Quoted}; GRANT SELECT ON t TO PUBLIC");
        await Server.RunAsync("postgres", $"ALTER DATABASE \"{source.Database}\" OWNER TO {Quoted}");
        return source;
    }

    [Fact]
    public async Task A_label_of_the_database_itself_is_in_the_script()
    {
        DatabaseAddress source = await CreateAsync("source", "CREATE TABLE t(x int)");
        // No provider of labels is packaged; one that was written stays in the catalogue without its provider.
        await Server.RunAsync(
            "postgres",
            $"SET allow_system_table_mods = on; INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'a provider', 'it''s secret' FROM pg_database WHERE datname = '{source.Database}'");

        MemoryBackup backup = await BackUpAsync(source);
        await Server.RunAsync("postgres", "SET allow_system_table_mods = on; DELETE FROM pg_shseclabel");

        Assert.Contains("SECURITY LABEL FOR \"a provider\" ON DATABASE ", Encoding.UTF8.GetString(backup.Plain), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_extension_or_tablespace_is_told_before()
    {
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE t(x int)"));
        BackupContents demanding = backup.Contents with
        {
            Requires = new Dictionary<string, IReadOnlyList<string>> { ["extensions"] = ["no_such_extension"], ["tablespaces"] = ["no_such_space"] },
        };
        DatabaseAddress copy = Fixture.AddressOf("copy");

        string[] all = [.. (await Engine.InspectTargetAsync(copy, demanding, Options(), default)).Obstacles.Select(obstacle => obstacle.Message)];
        string[] without = [.. (await Engine.InspectTargetAsync(copy, demanding, Options() with { KeepOwners = false }, default)).Obstacles.Select(obstacle => obstacle.Message)];

        Assert.Equal(2, all.Length);
        Assert.Contains("no_such_space", all[1], StringComparison.Ordinal);
        Assert.Contains("no_such_extension", Assert.Single(without), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_of_a_newer_server_is_tried_only_with_force()
    {
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE t(x int)"));
        BackupContents newer = backup.Contents with { EngineVersion = "99.1" };
        DatabaseAddress copy = Fixture.AddressOf("copy");

        Assert.Contains("older", Assert.Single((await Engine.InspectTargetAsync(copy, newer, Options(), default)).Obstacles).Message, StringComparison.Ordinal);
        Assert.Single((await Engine.InspectTargetAsync(copy, newer, Options(replace: true), default)).Obstacles);
        TargetState forced = await Engine.InspectTargetAsync(copy, newer, Options() with { IntoOlder = true }, default);
        Assert.Empty(forced.Obstacles);
        Assert.Contains("older", Assert.Single(forced.Warnings), StringComparison.Ordinal);
        Assert.Empty((await Engine.InspectTargetAsync(copy, backup.Contents with { EngineVersion = "9.6" }, Options(), default)).Obstacles);
    }
}
