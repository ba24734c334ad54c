using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;

namespace AiShell.Tests.Engines.MySql;

public sealed class SettingsReaderTests : IDisposable
{
    private readonly Surroundings _user = new();

    public void Dispose() => Directory.Delete(_user.UserFolder, recursive: true);

    [Fact]
    public void The_environment_comes_after_the_option_files_and_they_after_the_URL()
    {
        _user.Variables["MYSQL_HOST"] = "env.example";
        _user.Variables["MYSQL_TCP_PORT"] = "1111";
        _user.Variables["MYSQL_PWD"] = "of the environment";
        ConnectionSettings settings = Read("mysql://ann@/shop");
        Assert.Equal(("env.example", 1111, "of the environment"), (settings.Host, settings.Port, settings.Password));

        settings = Read("mysql://ann@/shop", "[client]\nhost=file.example\nport=2222\npassword=of the file\nuser=bob\n");
        Assert.Equal(("file.example", 2222, "of the file", "ann"), (settings.Host, settings.Port, settings.Password, settings.User));

        settings = Read("mysql://ann:of%20the%20URL@url.example:3333/shop", "[client]\nhost=file.example\nport=2222\npassword=of the file\n");
        Assert.Equal(("url.example", 3333, "of the URL"), (settings.Host, settings.Port, settings.Password));
    }

    [Fact]
    public void Only_groups_of_clients_count_and_the_last_word_wins()
    {
        ConnectionSettings settings = Read(
            "mysql:///shop", "[mysqld]\nuser=server\n[client]\nuser=ann\nconnect_timeout = 7\n[mysqldump]\nuser=dump\n[client-mariadb]\nuser = 'bob'\n[mysql]\ndatabase=other\n");
        Assert.Equal(("bob", "shop", TimeSpan.FromSeconds(7)), (settings.User, settings.Database, settings.ConnectTimeout));
    }

    [Fact]
    public void A_socket_that_is_there_is_taken_for_localhost()
    {
        string socket = _user.Write("socket", "");
        _user.Variables["MYSQL_UNIX_PORT"] = socket;
        Assert.Equal(socket, Read("mysql://ann@localhost/shop", "[client]\nsocket=/no/such/socket\n").Socket);
        Assert.Equal(socket, Read("mysql://ann@/shop").Socket);
        Assert.Null(Read("mysql://ann@localhost:3306/shop").Socket);
        Assert.Null(Read("mysql://ann@localhost/shop?protocol=tcp").Socket);
        Assert.Null(Read("mysql://ann@127.0.0.1/shop").Socket);
        Assert.Null(Read("mysql://ann@db.example/shop").Socket);
        Assert.Equal("/no/such/socket", Read("mysql://ann@db.example/shop?socket=/no/such/socket").Socket);
        Assert.Equal(socket, Read("mysql://ann@localhost:3306/shop?protocol=socket").Socket);
    }

    [Theory]
    [InlineData("", "", TlsMode.Preferred)]
    [InlineData("?ssl-mode=required", "", TlsMode.Required)]
    [InlineData("?SslMode=VerifyCA", "", null)]
    [InlineData("?sslmode=VERIFY_CA", "", TlsMode.VerifyCa)]
    [InlineData("?ssl_mode=verify-identity", "", TlsMode.VerifyIdentity)]
    [InlineData("?ssl-ca=/ca.pem", "", TlsMode.VerifyCa)]
    [InlineData("?ssl-ca=/ca.pem&ssl-mode=required", "", TlsMode.Required)]
    [InlineData("", "ssl-ca=/ca.pem", TlsMode.VerifyCa)]
    [InlineData("", "ssl", TlsMode.Required)]
    [InlineData("", "ssl=0", TlsMode.Disabled)]
    [InlineData("", "skip-ssl", TlsMode.Disabled)]
    [InlineData("", "ssl-verify-server-cert", TlsMode.VerifyIdentity)]
    [InlineData("", "ssl-verify-server-cert\nssl", TlsMode.VerifyIdentity)]
    [InlineData("", "ssl-verify-server-cert\nloose-ssl-verify-server-cert=OFF", TlsMode.Required)]
    [InlineData("?ssl-mode=disabled", "ssl-verify-server-cert", TlsMode.Disabled)]
    [InlineData("?socket=/s", "", TlsMode.Disabled)]
    [InlineData("?socket=/s&ssl-mode=required", "", TlsMode.Required)]
    internal void TLS_is_as_either_makers_options_have_it(string query, string file, TlsMode? mode)
    {
        string url = $"mysql://ann@db.example/shop{query}";
        if (mode is null)
        {
            Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => Read(url, $"[client]\n{file}\n")).Kind);
        }
        else
        {
            Assert.Equal(mode, Read(url, $"[client]\n{file}\n").Tls);
        }
    }

    [Fact]
    public void Includes_are_followed_and_a_file_that_anybody_may_write_is_not_used()
    {
        Directory.CreateDirectory(Path.Combine(_user.UserFolder, "more"));
        _user.Write("more/b.cnf", "[client]\nuser=of b\n");
        _user.Write("more/a.cnf", "[client]\nuser=of a\npassword=of a\n");
        _user.Write("more/c.txt", "[client]\nuser=of c\n");
        string open = _user.Write("open.cnf", "[client]\nuser=of anybody\n");
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.OtherWrite);
        _user.Write("self.cnf", "!include self.cnf\n[client]\nconnect-timeout=9\n");

        ConnectionSettings settings = Read("mysql:///shop", $"!includedir {_user.UserFolder}/more\n!include open.cnf\n!include {_user.UserFolder}/self.cnf\n!include missing.cnf\n");

        Assert.Equal(("of b", "of a", TimeSpan.FromSeconds(9)), (settings.User, settings.Password, settings.ConnectTimeout));
    }

    [Fact]
    public void One_host_is_named_and_an_address_loses_its_brackets()
    {
        Assert.Equal("::1", Read("mysql://ann@[::1]:3307/shop").Host);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => Read("mysql://ann@one,two/shop")).Kind);
    }

    [Fact]
    public void An_empty_password_is_one()
    {
        _user.Variables["MYSQL_PWD"] = "of the environment";
        Assert.Equal("", Read("mysql://ann:@h/shop").Password);
        Assert.Equal("", Read("mysql://ann@h/shop", "[client]\npassword=\n").Password);
        Assert.Equal("of the environment", Read("mysql://ann@h/shop", "[client]\npassword\n").Password);
    }

    private ConnectionSettings Read(string url, string file = "")
    {
        IReadOnlyDictionary<string, string> options = OptionFile.ReadAll([_user.Write("my.cnf", file)], _user);
        return SettingsReader.Read(DatabaseUrl.Parse(url, _user), options, _user);
    }

    private sealed class Surroundings : IEnvironment
    {
        public Dictionary<string, string> Variables { get; } = [];

        public string UserFolder { get; } = Directory.CreateTempSubdirectory("ai-shell-my-settings-").FullName;

        public string? Get(string name) => Variables.GetValueOrDefault(name);

        public string Write(string name, string content)
        {
            string path = Path.Combine(UserFolder, name);
            File.WriteAllText(path, content);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return path;
        }
    }
}
