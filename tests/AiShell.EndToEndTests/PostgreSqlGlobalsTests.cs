using System.Globalization;
using System.Text.Json;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>Roles, memberships and tablespaces (<c>--globals</c>) from one real server to another, by the built binary.</summary>
public sealed class PostgreSqlGlobalsTests : IAsyncLifetime, IDisposable
{
    private const string Roles =
        """
        SELECT concat_ws(' ', rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolvaliduntil, rolpassword, shobj_description(a.oid, 'pg_authid'), setconfig)
        FROM pg_authid a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0 WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY rolname COLLATE "C";
        SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), admin_option FROM pg_auth_members WHERE roleid > 16000 ORDER BY 1, 2;
        """;

    private readonly Shell _shell = new();
    private readonly string _space = Path.Combine(Path.GetTempPath(), $"ai-shell-space-{Guid.NewGuid():N}");
    private string _dump = "";
    private PostgreSqlServer _source = null!;
    private PostgreSqlServer _target = null!;

    public async Task InitializeAsync()
    {
        _source = await PostgreSqlServer.StartAsync();
        _target = await PostgreSqlServer.StartAsync();
        await MakeSpaceAsync();
        await _source.RunAsync(
            "postgres",
            $"""
            CREATE ROLE app LOGIN PASSWORD 'it''s "secret"' CREATEDB CONNECTION LIMIT 7;
            CREATE ROLE "odd ""role;'\ -- x" NOINHERIT; COMMENT ON ROLE "odd ""role;'\ -- x" IS E'a;\n-- b\\''c';
            CREATE ROLE reader LOGIN VALID UNTIL '2031-01-01'; ALTER ROLE reader SET application_name = 'x; DROP ROLE app; --';
            GRANT app TO reader WITH ADMIN OPTION; GRANT pg_read_all_data TO "odd ""role;'\ -- x";
            GRANT SET ON PARAMETER work_mem TO app;
            CREATE TABLESPACE fast OWNER app LOCATION '{_space}'; GRANT CREATE ON TABLESPACE fast TO reader;
            """);
        await _source.RunAsync("postgres", "CREATE DATABASE \"a='b\" TEMPLATE template0 OWNER app");
        await _source.RunAsync(
            "a='b",
            """
            CREATE TABLE t(a int) TABLESPACE fast; INSERT INTO t VALUES (1), (2); ALTER TABLE t OWNER TO app;
            GRANT SELECT ON t TO reader; CREATE VIEW v AS SELECT * FROM t; ALTER VIEW v OWNER TO "odd ""role;'\ -- x";
            """);
        _dump = await _source.DumpAsync("a='b");
        await _shell.ExpectAsync(null, "connect", UrlOf(_source, "a='b"), "--name", "shop");
        await _shell.ExpectAsync(null, "connect", UrlOf(_target, "postgres"), "--name", "other");
    }

    public async Task DisposeAsync()
    {
        await _source.DisposeAsync();
        await _target.DisposeAsync();
        foreach (string folder in new[] { _space, $"{_space}-source" }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task What_the_server_lacks_is_made_and_what_it_has_stays_as_it_is()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--globals");
        string script = await ExportAsync("first.sql.gz");
        Assert.DoesNotContain("CREATE ROLE", script, StringComparison.Ordinal);
        await _target.RunAsync("postgres", "CREATE ROLE reader NOLOGIN PASSWORD 'other'");
        await EmptySpaceAsync();
        string before = await _target.RunAsync("postgres", "SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname = 'reader'");

        BufferedCommandResult without = await _shell.RunAsync("backup", "restore", "latest", "-d", "other/new");
        Shell.Expect(1, without);
        Assert.Contains("no role 'app'", without.StandardError, StringComparison.Ordinal);
        Assert.Contains("--globals", without.StandardError, StringComparison.Ordinal);
        Assert.Equal("", await _target.RunAsync("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'app'"));

        string plan = await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "other/new", "--globals", "--dry-run");
        Assert.Contains("role 'app', role 'odd \"role;'\\ -- x', tablespace 'fast'", plan, StringComparison.Ordinal);
        Assert.Equal("", await _target.RunAsync("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'app'"));

        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "other/new", "--globals", "--verify");
        Assert.Equal(_dump, await _target.DumpAsync("new"));
        Assert.Equal(before, await _target.RunAsync("postgres", "SELECT rolname, rolcanlogin, rolpassword FROM pg_authid WHERE rolname = 'reader'"));
        Assert.Equal("fast app", await _target.RunAsync("postgres", "SELECT spcname || ' ' || pg_get_userbyid(spcowner) FROM pg_tablespace WHERE spcname = 'fast'"));
        Assert.Equal("{app=s/postgres,postgres=sA/postgres}", await _target.RunAsync("postgres", "SELECT array_agg(a ORDER BY a::text) FROM pg_parameter_acl, unnest(paracl) a WHERE parname = 'work_mem'"));
    }

    [Fact]
    public async Task A_restore_that_fails_takes_back_the_roles_and_tablespaces_that_it_made()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--globals");
        await EmptySpaceAsync();
        await _target.RunAsync("postgres", "CREATE DATABASE new"); // filled, and nobody consents
        await _target.RunAsync("new", "CREATE TABLE mine(a int)");
        await _shell.ExpectAsync(ErrorKind.Refused, "backup", "restore", "latest", "-d", "other/new", "--globals");
        using System.Diagnostics.Process user = _target.StartPsql("new");
        await user.StandardInput.WriteLineAsync("SELECT 1;");
        await user.StandardInput.FlushAsync();
        Assert.Equal("1", await user.StandardOutput.ReadLineAsync());

        await _shell.ExpectAsync(ErrorKind.Busy, "backup", "restore", "latest", "-d", "other/new", "--globals", "--force", "--lock-wait", "1s");

        Assert.Equal("new|postgres", (await _target.RunAsync("postgres", "SELECT string_agg(datname, '|' ORDER BY datname) FROM pg_database WHERE NOT datistemplate")));
        Assert.Equal("postgres|pg_default|pg_global", await _target.RunAsync(
            "postgres", "SELECT string_agg(rolname, '|') FROM pg_roles WHERE rolname !~ '^pg_' UNION ALL SELECT spcname FROM pg_tablespace") is { } found ? found.Replace('\n', '|') : null);
        user.StandardInput.Close();
        await user.WaitForExitAsync();
    }

    [Fact]
    public async Task The_exported_script_of_globals_makes_the_same_roles_by_psql_and_is_imported_again()
    {
        string id = (await _shell.JsonAsync(null, "backup", "create", "-d", "shop", "--globals")).GetProperty("id").GetString()!;
        await _shell.ExpectAsync(null, "backup", "verify", id, "--deep");
        string script = await ExportAsync("shop.sql.gz");
        string globals = _shell.PathOf("shop.sql.gz.globals.sql");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(globals));
        Assert.Contains("cluster dump", await File.ReadAllTextAsync(globals), StringComparison.OrdinalIgnoreCase);

        await EmptySpaceAsync();
        string text = (await File.ReadAllTextAsync(globals)).Replace("CREATE ROLE \"postgres\";", "", StringComparison.Ordinal);
        await _target.RunAsync("postgres", text);
        Assert.Equal(await _source.RunAsync("postgres", Roles), await _target.RunAsync("postgres", Roles));
        await _target.RunAsync("postgres", "CREATE DATABASE plain TEMPLATE template0");
        await _target.RunAsync("plain", script);
        Assert.Equal(_dump, await _target.DumpAsync("plain"));

        await _shell.ExpectAsync(null, "backup", "delete", id, "--force");
        await _shell.ExpectAsync(null, "backup", "import", _shell.PathOf("shop.sql.gz"), "-c", "zstd");
        await _shell.ExpectAsync(null, "backup", "verify", id, "--deep");
        await _shell.ExpectAsync(null, "repo", "check");
        Assert.Equal(0, (await _shell.JsonAsync(null, "repo", "gc", "--dry-run")).GetProperty("files").GetArrayLength());
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", "other/again", "--globals");
        Assert.Equal(_dump, await _target.DumpAsync("again"));
        JsonElement info = (await _shell.JsonAsync(null, "backup", "info", id)).GetProperty("globals");
        Assert.Equal("[\"app\"]", JsonSerializer.Serialize(info.GetProperty("passwords").EnumerateArray().Select(name => name.GetString()).Where(name => name != "postgres")));

        await _shell.ExpectAsync(null, "backup", "delete", id, "--force");
        await File.AppendAllTextAsync(globals, "ALTER ROLE \"reader\" SUPERUSER;\n");
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "import", _shell.PathOf("shop.sql.gz"));
        File.Delete(globals);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "import", _shell.PathOf("shop.sql.gz"));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("csv")]
    public async Task A_tar_has_them_as_an_entry_of_its_own(string format)
    {
        string id = (await _shell.JsonAsync(null, "backup", "create", "-d", "shop", "--globals", "--format", format)).GetProperty("id").GetString()!;
        string tar = _shell.PathOf("shop.tar.gz");
        await _shell.ExpectAsync(null, "backup", "export", id, tar);
        (int exitCode, string entries) = await _shell.BashAsync(_shell.Folder, $"tar -tzf '{tar}'");
        Assert.Equal(0, exitCode);
        Assert.Contains("globals.sql", entries.Split('\n'));
        Assert.False(File.Exists($"{tar}.globals.sql"));

        await _shell.ExpectAsync(null, "backup", "delete", id, "--force");
        await _shell.ExpectAsync(null, "backup", "import", tar);
        await EmptySpaceAsync();
        await _shell.ExpectAsync(null, "backup", "restore", id, "-d", "other/new", "--globals", "--verify");
        Assert.Equal(_dump, await _target.DumpAsync("new"));
    }

    [Fact]
    public async Task A_user_who_may_not_read_passwords_gets_the_roles_without_them_and_is_told()
    {
        await _source.RunAsync("postgres", $"CREATE ROLE saver LOGIN PASSWORD '{PostgreSqlServer.Password}'");
        await _source.RunAsync("a='b", "GRANT SELECT ON t, v TO saver");
        BufferedCommandResult created = await _shell.RunAsync("backup", "create", "-d", UrlOf(_source, "a='b", "saver"), "--globals");
        Shell.Expect(0, created);
        Assert.Contains("without their passwords", created.StandardError, StringComparison.Ordinal);
        string globals = await File.ReadAllTextAsync(_shell.PathOf(await ExportGlobalsAsync()));
        Assert.Contains("CREATE ROLE \"app\"", globals, StringComparison.Ordinal);
        Assert.DoesNotContain("SCRAM", globals, StringComparison.Ordinal);

        BufferedCommandResult asSuperuser = await _shell.RunAsync("backup", "create", "-d", "shop", "--globals");
        Assert.DoesNotContain("without their passwords", asSuperuser.StandardError, StringComparison.Ordinal);

        await EmptySpaceAsync();
        await _shell.ExpectAsync(null, "backup", "restore", (await _shell.JsonAsync(null, "backup", "list"))[1].GetProperty("id").GetString()!, "-d", "other/new", "--globals");
        Assert.Equal("", await _target.RunAsync("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"));

    }

    [Fact]
    public async Task What_is_not_permitted_or_has_no_globals_is_told()
    {
        await _source.RunAsync("postgres", $"CREATE ROLE saver LOGIN PASSWORD '{PostgreSqlServer.Password}'; GRANT pg_read_all_data TO saver");
        await _source.RunAsync("a='b", "REVOKE SELECT ON pg_catalog.pg_tablespace FROM PUBLIC; REVOKE pg_read_all_data FROM saver; GRANT SELECT ON t, v TO saver");
        BufferedCommandResult denied = await _shell.RunAsync("backup", "create", "-d", UrlOf(_source, "a='b", "saver"), "--globals");
        Shell.Expect(1, denied);
        Assert.Contains("pg_tablespace", denied.StandardError, StringComparison.Ordinal);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());

        BufferedCommandResult sqlite = await _shell.RunAsync("backup", "create", "-d", await _shell.ShopAsync(orders: 20), "--globals");
        Shell.Expect(2, sqlite);
        Assert.Contains("--globals", sqlite.StandardError, StringComparison.Ordinal);

        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        BufferedCommandResult none = await _shell.RunAsync("backup", "restore", "latest", "-d", "other/new", "--globals");
        Shell.Expect(2, none);
        Assert.Contains("backup create --globals", none.StandardError, StringComparison.Ordinal);

        await _shell.ExpectAsync(null, "backup", "create", "-d", "shop", "--globals");
        await _target.RunAsync("postgres", $"CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD '{PostgreSqlServer.Password}'");
        string id = (await _shell.JsonAsync(null, "backup", "list"))[0].GetProperty("id").GetString()!;
        BufferedCommandResult maker = await _shell.RunAsync("backup", "restore", id, "-d", UrlOf(_target, "new", "maker"), "--globals");
        Shell.Expect(1, maker);
        Assert.Contains("role 'app'", maker.StandardError, StringComparison.Ordinal);
        Assert.Contains("superuser", maker.StandardError, StringComparison.Ordinal);

        BufferedCommandResult some = await _shell.RunAsync("backup", "restore", id, "-d", "shop", "--tables", "t", "--globals", "--force");
        Shell.Expect(2, some);
        BufferedCommandResult inUse = await _shell.RunAsync("backup", "restore", id, "-d", "other/new", "--globals");
        Shell.Expect(1, inUse);
        Assert.Contains("The tablespace 'fast' cannot be made", inUse.StandardError, StringComparison.Ordinal);
        Assert.Equal("", await _target.RunAsync("postgres", "SELECT rolname FROM pg_roles WHERE rolname = 'app'"));
    }

    private async Task<string> ExportAsync(string name)
    {
        string file = _shell.PathOf(name);
        await _shell.ExpectAsync(null, "backup", "export", "latest", file, "-d", "shop");
        (int exitCode, string script) = await _shell.BashAsync(_shell.Folder, $"zcat '{file}'");
        Assert.Equal(0, exitCode);
        return script;
    }

    private async Task<string> ExportGlobalsAsync()
    {
        await _shell.ExpectAsync(null, "backup", "export", "latest", _shell.PathOf("x.sql.gz"));
        return "x.sql.gz.globals.sql";
    }

    /// <summary>On another machine the tablespace's folder is there and empty: two servers of one version cannot share one.</summary>
    private async Task EmptySpaceAsync()
    {
        Directory.Move(_space, $"{_space}-source");
        await MakeSpaceAsync();
    }

    private async Task MakeSpaceAsync()
    {
        Directory.CreateDirectory(_space);
        await CliWrap.Cli.Wrap("chown").WithArguments([PostgreSqlServer.User, _space]).ExecuteAsync();
    }

    private static string UrlOf(PostgreSqlServer server, string database, string user = PostgreSqlServer.User) => string.Create(
        CultureInfo.InvariantCulture, $"postgresql://{user}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{server.Port}/{Uri.EscapeDataString(database)}");
}
