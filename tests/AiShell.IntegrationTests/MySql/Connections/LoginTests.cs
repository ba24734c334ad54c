using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

public sealed class LoginTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IAsyncLifetime, IDisposable
{
    private static readonly string Encoded = Uri.EscapeDataString(MariaDbServer.Password);

    private readonly Surroundings _user = new();

    private string Url => $"mysql://{MariaDbServer.User}:{Encoded}@127.0.0.1:{shared.Server.Port}/shop";

    private string Socket => Uri.EscapeDataString(shared.Server.Socket);

    public async Task InitializeAsync() => await shared.Server.RunAsync(
        "",
        $"""
        CREATE DATABASE IF NOT EXISTS shop;
        CREATE DATABASE IF NOT EXISTS closed;
        CREATE OR REPLACE USER narrow@'%' IDENTIFIED BY '{MariaDbServer.Password}';
        CREATE OR REPLACE USER once@'%' IDENTIFIED BY '{MariaDbServer.Password}' WITH MAX_USER_CONNECTIONS 1;
        CREATE OR REPLACE USER empty@'%';
        CREATE OR REPLACE USER locked@'%' IDENTIFIED BY '{MariaDbServer.Password}' ACCOUNT LOCK;
        CREATE OR REPLACE USER expired@'%' IDENTIFIED BY '{MariaDbServer.Password}' PASSWORD EXPIRE;
        GRANT ALL ON shop.* TO narrow@'%', once@'%', empty@'%', locked@'%', expired@'%';
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task A_password_of_any_characters_logs_in()
    {
        const string Odd = "p@ss:w/rd%20 ;'\"\\`$é密🙂=&#";
        await shared.Server.RunAsync("", $"CREATE OR REPLACE USER odd@'%' IDENTIFIED BY '{Odd.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'; GRANT ALL ON shop.* TO odd@'%'");
        Assert.Equal("odd", await _user.ScalarAsync($"mysql://odd:{Uri.EscapeDataString(Odd)}@127.0.0.1:{shared.Server.Port}/shop"));
        Assert.Equal("empty", await _user.ScalarAsync($"mariadb://empty@127.0.0.1:{shared.Server.Port}/shop"));
    }

    [Theory]
    [InlineData("tester:Wr0ng-s3cret@127.0.0.1:{1}/shop", "tester")]
    [InlineData("tester@127.0.0.1:{1}/shop", "using password: NO")]
    [InlineData("nobody:{0}@127.0.0.1:{1}/shop", "nobody")]
    [InlineData("tester:{0}@127.0.0.1:{1}/no-such-db", "no-such-db")]
    [InlineData("narrow:{0}@127.0.0.1:{1}/closed", "closed")]
    [InlineData("locked:{0}@127.0.0.1:{1}/shop", "locked")]
    [InlineData("expired:{0}@127.0.0.1:{1}/shop", "SET PASSWORD")]
    [InlineData("tester:{0}@no-such-host.invalid:{1}/shop", "no-such-host.invalid")]
    [InlineData("tester:{0}@127.0.0.1:1/shop", "127.0.0.1:1")]
    [InlineData("tester:{0}@/shop?socket=/no/such/socket", "/no/such/socket")]
    public async Task What_does_not_exist_or_is_not_allowed_is_named(string url, string named)
    {
        string whole = "mysql://" + string.Format(System.Globalization.CultureInfo.InvariantCulture, url, Encoded, shared.Server.Port);
        AiShellException failure = await _user.RefusedAsync(whole, Encoded, MariaDbServer.Password, "Wr0ng-s3cret");
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_is_taken_where_the_URL_or_the_surroundings_name_one()
    {
        const string OverSocket = "SELECT HOST FROM information_schema.PROCESSLIST WHERE ID = connection_id()";
        Assert.Equal("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@/shop?socket={Socket}", OverSocket));
        Assert.Equal("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@localhost/shop?socket={Socket}&ssl-mode=disabled", OverSocket));
        Assert.NotEqual("localhost", await _user.ScalarAsync(Url, OverSocket));

        _user.Set("MYSQL_TCP_PORT", $"{shared.Server.Port}").Write(".my.cnf", $"[client]\nsocket={shared.Server.Socket}\n"); // the variable would come after a file in /etc
        Assert.Equal("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@localhost/shop", OverSocket));
        Assert.Equal("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@/shop", OverSocket));
        Assert.NotEqual("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@localhost/shop?protocol=tcp", OverSocket));
        Assert.NotEqual("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@localhost:{shared.Server.Port}/shop", OverSocket));
        Assert.NotEqual("localhost", await _user.ScalarAsync($"mysql://{MariaDbServer.User}:{Encoded}@127.0.0.1/shop", OverSocket));
    }

    [Fact]
    public async Task The_environment_alone_suffices_but_for_the_users_and_the_databases_name()
    {
        _user.Set("MYSQL_HOST", "127.0.0.1").Set("MYSQL_TCP_PORT", $"{shared.Server.Port}").Set("MYSQL_PWD", MariaDbServer.Password);
        Assert.Equal(MariaDbServer.User, await _user.ScalarAsync($"mysql://{MariaDbServer.User}@/shop"));
        // What the URL says goes before it.
        await _user.RefusedAsync($"mysql://{MariaDbServer.User}:@/shop", MariaDbServer.Password);
    }

    [Fact]
    public async Task The_option_file_goes_before_the_environment_and_the_URL_before_both()
    {
        _user.Set("MYSQL_HOST", "nowhere.invalid").Set("MYSQL_PWD", "wrong");
        string file = _user.Write(".my.cnf", $"[client]\nhost=127.0.0.1\nport={shared.Server.Port}\nuser={MariaDbServer.User}\npassword=\"{MariaDbServer.Password}\"\n[mysql]\ndatabase=shop\n");
        Assert.Equal(MariaDbServer.User, await _user.ScalarAsync("mysql://"));
        Assert.Equal("closed", await _user.ScalarAsync("mysql:///closed", "SELECT database()"));
        Assert.Equal("empty", await _user.ScalarAsync("mysql://empty:@/shop"));
        await _user.RefusedAsync("mysql://127.0.0.1:1/", MariaDbServer.Password);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        await _user.RefusedAsync("mysql:///shop", MariaDbServer.Password);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_left_after_connect_timeout()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        AiShellException failure = await _user.RefusedAsync($"mysql://empty@127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/shop?connect-timeout=1");
        Assert.True(failure.Message.Contains("1 seconds", StringComparison.Ordinal), failure.ToString());
    }

    [Fact]
    public async Task The_connect_timeout_does_not_end_a_statement_that_takes_longer() =>
        Assert.Equal(0L, await _user.ScalarAsync($"{Url}?connect-timeout=3", "SELECT sleep(4)"));

    [Fact]
    public async Task A_login_that_waits_is_left_when_it_is_cancelled()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        using CancellationTokenSource stop = new();
        DatabaseAddress address = DatabaseUrl.Parse($"mysql://empty@127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/shop?connect-timeout=600", _user);
        Task<DatabaseProbe> probe = _user.Engine.ProbeAsync(address, stop.Token);
        using TcpClient accepted = await silent.AcceptTcpClientAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_server_without_room_is_told_so()
    {
        string url = $"mysql://once:{Encoded}@127.0.0.1:{shared.Server.Port}/shop";
        using var held = await Held.OpenAsync(_user, url);
        Assert.Contains("max_user_connections", (await _user.RefusedAsync(url, MariaDbServer.Password)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ssl-mode=maybe")]
    [InlineData("connect-timeout=soon")]
    [InlineData("protocol=pigeon")]
    [InlineData("socket=")]
    [InlineData("frobnicate=1")]
    public async Task An_option_that_does_not_parse_is_a_wrong_usage(string option) =>
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<AiShellException>(() => _user.ScalarAsync($"mysql://127.0.0.1/shop?{option}"))).Kind);

    [Fact]
    public async Task A_URL_without_a_database_is_a_wrong_usage() =>
        Assert.Equal(ErrorKind.Usage, (await Assert.ThrowsAsync<AiShellException>(() => _user.ScalarAsync($"mysql://127.0.0.1:{shared.Server.Port}/"))).Kind);

    [Fact]
    public async Task Options_that_concern_other_programs_do_no_harm() =>
        Assert.Equal(MariaDbServer.User, await _user.ScalarAsync($"{Url}?charset=latin1&useUnicode=true&serverTimezone=UTC&ssl_mode=PREFERRED"));

    [Fact]
    public async Task A_probe_tells_what_the_server_is()
    {
        await shared.Server.RunAsync("shop", "CREATE OR REPLACE TABLE big(id int PRIMARY KEY, x varchar(200)); INSERT INTO big SELECT seq, repeat('x', 200) FROM seq_1_to_20000; ANALYZE TABLE big");
        DatabaseProbe probe = await _user.Engine.ProbeAsync(DatabaseUrl.Parse(Url, _user), CancellationToken.None);
        Assert.StartsWith("10.11.", probe.Version, StringComparison.Ordinal);
        Assert.True(probe.SizeBytes > 3_000_000, $"{probe.SizeBytes}");
        Assert.Contains(KeyValuePair.Create("encoding", "utf8mb4"), probe.Details);
        Assert.Contains(KeyValuePair.Create("binary log", "on"), probe.Details);
        Assert.Contains(KeyValuePair.Create("role", "primary"), probe.Details);
    }
}
