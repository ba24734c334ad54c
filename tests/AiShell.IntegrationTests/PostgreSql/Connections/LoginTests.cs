using System.Net;
using System.Net.Sockets;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

public sealed class LoginTests(LoginServer server) : IClassFixture<LoginServer>, IDisposable
{
    private static readonly string Encoded = Uri.EscapeDataString(LoginServer.Password);

    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData("by_scram")]
    [InlineData("by_md5")]
    [InlineData("by_password")]
    [InlineData("by_trust")]
    public async Task Every_way_to_log_in_works(string role) =>
        Assert.Equal(role, await _user.ScalarAsync($"postgresql://{role}:{Encoded}@127.0.0.1:{server.Port}/postgres"));

    [Theory]
    [InlineData("by_scram")]
    [InlineData("by_md5")]
    [InlineData("by_password")]
    public async Task A_wrong_password_is_told_without_it(string role)
    {
        AiShellException failure = await _user.RefusedAsync($"postgresql://{role}:Wr0ng-s3cret@127.0.0.1:{server.Port}/postgres", "Wr0ng-s3cret");
        Assert.Contains("password", failure.Hint, StringComparison.Ordinal);
        await _user.RefusedAsync($"postgresql://{role}@127.0.0.1:{server.Port}/postgres");
    }

    [Theory]
    [InlineData("postgresql://by_scram:{0}@127.0.0.1:{1}/no-such-db", "no-such-db")]
    [InlineData("postgresql://nobody:{0}@127.0.0.1:{1}/postgres", "nobody")]
    [InlineData("postgresql://by_nobody:{0}@127.0.0.1:{1}/postgres", "pg_hba.conf")]
    [InlineData("postgresql://by_scram:{0}@127.0.0.1:{1}/closed", "closed")]
    [InlineData("postgresql://by_scram:{0}@no-such-host.invalid:{1}/postgres", "no-such-host.invalid")]
    [InlineData("postgresql://by_scram:{0}@127.0.0.1:1/postgres", "127.0.0.1:1")]
    [InlineData("postgresql:///postgres?host=/no/such/folder", "/no/such/folder/.s.PGSQL.5432")]
    public async Task What_does_not_exist_or_is_not_allowed_is_named(string url, string named) =>
        Assert.Contains(
            named, (await _user.RefusedAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, url, Encoded, server.Port), Encoded, LoginServer.Password)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("I\u00adX")]
    [InlineData("\u00a0no\u2003break")]
    [InlineData("zero\u200dwidth")]
    [InlineData("\u00b4\u00b5\u00b2\u00b3\u00b9\u00bc\u00bd\u00be\u00aa\u00ba\u00a8\u00af\u00b8")]
    [InlineData("Grüße € 密码 пароль")]
    [InlineData("new 🙂 \u00b2")]
    [InlineData("old 𝄞 \u00b2")]
    [InlineData("tab\tand \u00b2")]
    [InlineData("private \ue000 \u00b2")]
    public async Task Passwords_of_any_letters_are_prepared_as_the_server_does(string password)
    {
        string role = $"r{Guid.NewGuid():n}";
        await server.Server.RunAsync("postgres", $"SET client_encoding = 'UTF8'; CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE by_scram");
        string hba = Path.Combine(server.Server.DataFolder, "pg_hba.conf");
        if (!(await File.ReadAllTextAsync(hba)).Contains("+by_scram", StringComparison.Ordinal))
        {
            await File.AppendAllTextAsync(hba, "host all +by_scram all scram-sha-256\n");
            await server.Server.ControlAsync("reload");
        }

        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Assert.Equal(role, await _user.ScalarAsync($"postgresql://{role}:{Uri.EscapeDataString(password)}@127.0.0.1:{server.Port}/postgres"));
                return;
            }
            catch (AiShellException failure) when (failure.Message.Contains("no pg_hba.conf entry", StringComparison.Ordinal) && attempt < 100)
            {
                await Task.Delay(50); // the server has not read the file yet
            }
        }
    }

    [Fact]
    public async Task A_socket_takes_the_user_of_the_system()
    {
        string url = $"postgresql:///postgres?host={Uri.EscapeDataString(server.Server.SocketFolder)}&port={server.Port}";
        Assert.Equal(Environment.UserName, await _user.ScalarAsync(url));
        Assert.Equal("by_scram", await _user.ScalarAsync(url + $"&user=by_scram&password={Encoded}"));
    }

    [Fact]
    public async Task IPv6_works() =>
        Assert.Equal("by_scram", await _user.ScalarAsync($"postgresql://by_scram:{Encoded}@[::1]:{server.Port}/postgres"));

    [Fact]
    public async Task The_environment_alone_suffices()
    {
        _user.Set("PGHOST", server.Server.SocketFolder).Set("PGPORT", $"{server.Port}").Set("PGUSER", "by_scram").Set("PGPASSWORD", LoginServer.Password).Set("PGDATABASE", "postgres");
        Assert.Equal("by_scram", await _user.ScalarAsync("postgresql://"));
        Assert.Equal("template1", await _user.ScalarAsync("postgresql:///template1", "SELECT current_database()"));
        // What the URL says goes before it.
        Assert.Equal("by_trust", await _user.ScalarAsync("postgresql://by_trust@127.0.0.1"));
    }

    [Fact]
    public async Task A_service_is_read_and_the_URL_goes_before_it_and_it_before_the_environment()
    {
        string file = _user.Write(
            "services",
            $"# comment\n[other]\nhost=nowhere\n\n[shop]\nhost=127.0.0.1\nport={server.Port}\nuser=by_scram\npassword={LoginServer.Password}\ndbname=template1\n[last]\nhost=nowhere\n");
        _user.Set("PGSERVICEFILE", file).Set("PGHOST", "nowhere.invalid").Set("PGUSER", "nobody");
        Assert.Equal("template1", await _user.ScalarAsync("postgresql:///?service=shop", "SELECT current_database()"));
        Assert.Equal("postgres", await _user.ScalarAsync("postgresql:///postgres?service=shop", "SELECT current_database()"));
        Assert.Equal("by_trust", await _user.ScalarAsync("postgresql://by_trust@/postgres?service=shop"));
        Assert.Equal("by_scram", await _user.Set("PGSERVICE", "shop").ScalarAsync("postgresql://"));
        AiShellException missing = await Assert.ThrowsAsync<AiShellException>(() => _user.ScalarAsync("postgresql:///?service=none"));
        Assert.Equal(ErrorKind.Usage, missing.Kind);
    }

    [Theory]
    [InlineData("postgresql://by_scram@127.0.0.1:{0}/postgres")] // the password from ~/.pgpass
    [InlineData("postgresql:///?service=shop")]
    [InlineData("postgresql://by_scram@127.0.0.1:1,127.0.0.1:{0}/postgres")]
    public async Task A_backup_and_its_pg_dump_go_the_way_that_a_query_goes(string url)
    {
        _user.Write(".pgpass", $"*:{server.Port}:postgres:by_scram:{LoginServer.Password}\n");
        _user.Write(".pg_service.conf", $"[shop]\nhost=127.0.0.1\nport={server.Port}\nuser=by_scram\ndbname=postgres\n");
        await server.Server.RunAsync("postgres", "GRANT pg_read_all_data TO by_scram; DROP TABLE IF EXISTS kept; CREATE TABLE kept(x int)");

        MemoryBackup backup = await _user.BackUpAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, url, server.Port));

        Assert.Contains(backup.Contents.Tables, table => table.Table.Name == "kept");
        Assert.Contains("CREATE TABLE \"public\".\"kept\"", System.Text.Encoding.UTF8.GetString(backup.Plain), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gssencmode=require", "gssencmode")]
    [InlineData("channel_binding=require", "channel_binding")]
    public async Task What_would_make_a_connection_safer_and_is_not_done_is_refused(string option, string named)
    {
        _user.Write(".pg_service.conf", $"[strict]\nhost=127.0.0.1\nport={server.Port}\n{option}\n[usual]\nhost=127.0.0.1\nport={server.Port}\ngssencmode=prefer\napplication_name=x\n");
        foreach (string url in (string[])[$"postgresql://by_trust@127.0.0.1:{server.Port}/postgres?{option}", "postgresql://by_trust@/postgres?service=strict"])
        {
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => _user.ScalarAsync(url));
            Assert.Equal(ErrorKind.Usage, failure.Kind);
            Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal("by_trust", await _user.ScalarAsync("postgresql://by_trust@/postgres?service=usual"));
    }

    [Fact]
    public async Task The_password_file_is_used_and_one_that_others_may_read_is_not()
    {
        string url = $"postgresql://by_scram@127.0.0.1:{server.Port}/postgres";
        string file = _user.Write(".pgpass", $"127.0.0.1:1:*:*:wrong\n*:{server.Port}:postgres:by_scram:{LoginServer.Password}\n");
        Assert.Equal("by_scram", await _user.ScalarAsync(url));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        await _user.RefusedAsync(url, LoginServer.Password);
    }

    [Fact]
    public async Task Of_several_hosts_the_first_that_answers_is_taken()
    {
        Assert.Equal("by_trust", await _user.ScalarAsync($"postgresql://by_trust@127.0.0.1:1,127.0.0.1:{server.Port}/postgres"));
        AiShellException failure = await _user.RefusedAsync("postgresql://by_trust@127.0.0.1:1,127.0.0.1:2/postgres");
        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_left_after_connect_timeout()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        int port = ((IPEndPoint)silent.LocalEndpoint).Port;
        foreach (string mode in new[] { "disable", "prefer", "require" })
        {
            AiShellException failure = await _user.RefusedAsync($"postgresql://by_trust@127.0.0.1:{port}/postgres?connect_timeout=1&sslmode={mode}");
            Assert.Contains("1 seconds", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal("by_trust", await _user.ScalarAsync($"postgresql://by_trust@127.0.0.1:{port},127.0.0.1:{server.Port}/postgres?connect_timeout=2"));
    }

    [Fact]
    public async Task A_server_without_room_is_told_so()
    {
        string url = $"postgresql://once:{Encoded}@127.0.0.1:{server.Port}/postgres";
        await using Held held = await Held.OpenAsync(_user, url);
        Assert.Contains("too many connections", (await _user.RefusedAsync(url, LoginServer.Password)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sslmode=maybe")]
    [InlineData("target_session_attrs=best")]
    [InlineData("connect_timeout=soon")]
    [InlineData("port=x")]
    [InlineData("frobnicate=1")]
    public async Task An_option_that_does_not_parse_is_a_wrong_usage(string option) =>
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<AiShellException>(() => _user.ScalarAsync($"postgresql://127.0.0.1/postgres?{option}"))).Kind);
}
