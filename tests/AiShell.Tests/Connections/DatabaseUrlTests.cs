using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Tests.Configuration;

namespace AiShell.Tests.Connections;

public sealed class DatabaseUrlTests
{
    private static readonly IEnvironment Environment = new FakeEnvironment(("PW", "p@ss/w:rd%41"), ("HOST", "db.example.com"), ("WHOLE", "postgresql://u:x@h/d"), ("EMPTY", ""));

    [Theory]
    [InlineData("postgresql://user:secret@host:5433/shop?sslmode=require", "postgresql", "user", "secret", "host", 5433, "shop")]
    [InlineData("postgres://host/shop", "postgresql", null, null, "host", null, "shop")]
    [InlineData("POSTGRES://host", "postgresql", null, null, "host", null, "")]
    [InlineData("mysql://user@host/shop", "mysql", "user", null, "host", null, "shop")]
    [InlineData("mariadb://user:@host/shop", "mysql", "user", "", "host", null, "shop")]
    [InlineData("mongodb://u:p@one:27017,two:27018/shop?replicaSet=rs0", "mongodb", "u", "p", "one:27017,two:27018", null, "shop")]
    [InlineData("mongodb+srv://u:p@cluster.example.com/", "mongodb", "u", "p", "cluster.example.com", null, "")]
    [InlineData("postgresql://u:p%40ss%2F@h/a%20b", "postgresql", "u", "p@ss/", "h", null, "a b")]
    [InlineData("postgresql://u:p@ss@h/d", "postgresql", "u", "p@ss", "h", null, "d")]
    [InlineData("postgresql://u:a:b@h/d", "postgresql", "u", "a:b", "h", null, "d")]
    [InlineData("postgresql://[::1]:5432/d", "postgresql", null, null, "[::1]", 5432, "d")]
    [InlineData("postgresql://[fe80::1]/d", "postgresql", null, null, "[fe80::1]", null, "d")]
    [InlineData("postgresql:///d", "postgresql", null, null, "", null, "d")]
    [InlineData("postgresql://:5433/d", "postgresql", null, null, "", 5433, "d")]
    [InlineData("postgresql:///?service=shop", "postgresql", null, null, "", null, "")]
    [InlineData("postgresql:///d?host=/run/postgresql", "postgresql", null, null, "/run/postgresql", null, "d")]
    [InlineData("postgresql://u:${PW}@${HOST}/d", "postgresql", "u", "p@ss/w:rd%41", "db.example.com", null, "d")]
    [InlineData("${WHOLE}", "postgresql", "u", "x", "h", null, "d")]
    [InlineData("postgresql://u:%24%7BPW%7D@h/d", "postgresql", "u", "${PW}", "h", null, "d")]
    [InlineData("postgresql://u:a${@h/d", "postgresql", "u", "a${", "h", null, "d")]
    public void Good_urls(string text, string engine, string? user, string? password, string host, int? port, string database)
    {
        DatabaseAddress address = DatabaseUrl.Parse(text, Environment);
        Assert.Equal((engine, user, password, host, port, database), (address.Engine, address.UserName, address.Password, address.Host, address.Port, address.Database));
    }

    [Theory]
    [InlineData("sqlite:///data/shop.db", "/data/shop.db")]
    [InlineData("sqlite:///data/a%20b%3Fc.db", "/data/a b?c.db")]
    [InlineData("sqlite:///data/%D0%B6.db", "/data/ж.db")]
    [InlineData("sqlite:////data/shop.db", "/data/shop.db")]
    [InlineData("/data/shop.db", "/data/shop.db")]
    [InlineData("/data/../data/./shop.db", "/data/shop.db")]
    [InlineData("~/shop.db", "/home/someone/shop.db")]
    [InlineData("/data/100%.db", "/data/100%.db")]
    [InlineData("/data/${HOST}.db", "/data/db.example.com.db")]
    [InlineData("/data/a://b.db", "/data/a:/b.db")]
    public void Sqlite_files(string text, string path)
    {
        DatabaseAddress address = DatabaseUrl.Parse(text, Environment);
        Assert.Equal(("sqlite", path), (address.Engine, address.Database));
    }

    [Fact]
    public void A_relative_path_is_made_absolute() =>
        Assert.Equal(Path.GetFullPath("shop.db"), DatabaseUrl.Parse("shop.db", Environment).Database);

    [Fact]
    public void Options_have_lower_case_names_and_decoded_values()
    {
        IReadOnlyDictionary<string, string> options = DatabaseUrl.Parse("mysql://h/d?SSL-Mode=VERIFY_CA&ssl-ca=%2Fetc%2Fca.pem&flag", Environment).Options;
        Assert.Equal("VERIFY_CA", options["ssl-mode"]);
        Assert.Equal("/etc/ca.pem", options["ssl-ca"]);
        Assert.Equal("", options["flag"]);
    }

    [Theory]
    [InlineData("oracle://h/d")]
    [InlineData("http://h/d")]
    [InlineData("sqlite://relative.db")]
    [InlineData("sqlite://")]
    [InlineData("sqlite:///")]
    [InlineData("sqlite://user@/x.db")]
    [InlineData("sqlite:///a%00b")]
    [InlineData("postgresql://h:port/d")]
    [InlineData("postgresql://h:0/d")]
    [InlineData("postgresql://h:65536/d")]
    [InlineData("postgresql://h:-1/d")]
    [InlineData("postgresql://h/%zz")]
    [InlineData("postgresql://h/%4")]
    [InlineData("postgresql://h/d?a=1&a=2")]
    [InlineData("postgresql://u:${MISSING}@h/d")]
    [InlineData("${MISSING}")]
    [InlineData("${EMPTY}")]
    [InlineData("")]
    [InlineData("a\0b")]
    public void Bad_urls_are_usage_errors(string text) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => DatabaseUrl.Parse(text, Environment)).Kind);

    [Fact]
    public void A_missing_variable_is_named() =>
        Assert.Contains("MISSING", Assert.Throws<AiShellException>(() => DatabaseUrl.Parse("postgresql://u:${MISSING}@h/d", Environment)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("postgresql://user:s3cret@host:bad/d")]
    [InlineData("postgresql://user:s3cret/x@host/d")]
    [InlineData("postgresql://user:s3cret@host/%zz")]
    [InlineData("oracle://user:s3cret@host/d")]
    [InlineData("postgresql://user@host/d?password=s3cret&password=s3cret")]
    public void No_error_shows_the_password(string text)
    {
        AiShellException error = Assert.Throws<AiShellException>(() => DatabaseUrl.Parse(text, Environment));
        Assert.DoesNotContain("s3cret", error.Message + error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql://user@host/d", "p@ss/w:rd")]
    [InlineData("postgresql://user:old@host:1/d?x=1", "100%")]
    [InlineData("postgresql:///d?host=/run", "x y")]
    [InlineData("mysql://user@host", "ünï cødé")]
    [InlineData("mysql://user@host", "${HOME}")]
    public void A_password_from_standard_input_arrives_whatever_it_holds(string url, string password) =>
        Assert.Equal(password, DatabaseUrl.Parse(DatabaseUrl.WithPassword(url, password), Environment).Password);

    [Theory]
    [InlineData("postgresql://user:secret@host/d?sslpassword=abc&sslmode=require", "postgresql://user:***@host/d?sslpassword=***&sslmode=require")]
    [InlineData("postgresql://user@host/d", "postgresql://user@host/d")]
    [InlineData("postgresql://user:${PW}@host/d", "postgresql://user:***@host/d")]
    [InlineData("/data/shop.db", "/data/shop.db")]
    public void Redacted_for_people(string url, string expected) => Assert.Equal(expected, DatabaseUrl.Redact(url));
}
