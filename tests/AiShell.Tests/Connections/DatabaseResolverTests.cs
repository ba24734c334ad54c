using AiShell.Connections;
using AiShell.Tests.Configuration;

namespace AiShell.Tests.Connections;

public sealed class DatabaseResolverTests : IDisposable
{
    private readonly TemporaryHome _home = new();
    private readonly ConnectionFile _file;
    private readonly DatabaseResolver _resolver;
    private readonly Redactor _redactor = new();

    public DatabaseResolverTests()
    {
        _file = new ConnectionFile(_home.Home.ConnectionsFile, TimeProvider.System);
        _resolver = new DatabaseResolver(_file, new FakeEnvironment(("SHOP_PASSWORD", "tops3cret")), _redactor);
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_connections_name_comes_first()
    {
        _file.Put(new Connection("shop", "/data/other.db"));
        Assert.Equal(("shop", "/data/other.db"), Resolve("shop"));
    }

    [Fact]
    public void The_only_connection_may_be_left_out()
    {
        _file.Put(new Connection("shop", "/data/shop.db"));
        Assert.Equal(("shop", "/data/shop.db"), Resolve(null));
    }

    [Fact]
    public void With_none_or_several_it_may_not()
    {
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => _resolver.Resolve(null)).Kind);
        _file.Put(new Connection("a", "/a.db"));
        _file.Put(new Connection("b", "/b.db"));
        AiShellException error = Assert.Throws<AiShellException>(() => _resolver.Resolve(null));
        Assert.Equal(ErrorKind.Usage, error.Kind);
        Assert.Contains("a, b", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_database_of_a_server_keeps_its_login()
    {
        _file.Put(new Connection("prod", "postgresql://u:${SHOP_PASSWORD}@h/main"));
        ResolvedDatabase other = _resolver.Resolve("prod/billing");
        Assert.Equal(("billing", "billing", "tops3cret"), (other.Name, other.Address.Database, other.Address.Password));
        Assert.Equal("***", _redactor.Redact("tops3cret"));
    }

    [Fact]
    public void A_file_given_directly_is_filed_under_its_own_name()
    {
        string path = Path.Combine(_home.Folder, "my shop.db");
        File.WriteAllText(path, "");
        Assert.Equal(("my shop.db", path), Resolve(path));
        Assert.Equal(("my shop.db", path), Resolve($"sqlite://{path.Replace(" ", "%20", StringComparison.Ordinal)}"));
    }

    [Fact]
    public void A_path_below_a_folder_named_like_a_sqlite_connection_is_a_path()
    {
        _file.Put(new Connection("data", "/data/x.db"));
        Assert.Equal(("shop.db", Path.GetFullPath("data/shop.db")), Resolve("data/shop.db"));
    }

    [Fact]
    public void A_file_that_is_not_there_yet_may_be_a_target() => Assert.Equal(("new.db", "/nowhere/new.db"), Resolve("/nowhere/new.db"));

    [Fact]
    public void A_bare_word_that_is_neither_connection_nor_file_is_not_found()
    {
        _file.Put(new Connection("shop", "/data/shop.db"));
        AiShellException error = Assert.Throws<AiShellException>(() => _resolver.Resolve("shp"));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Contains("shop", error.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gone", "gone")]
    [InlineData("gone.db", "gone.db")]
    [InlineData("/data/gone.db", "gone.db")]
    [InlineData("./gone.db", "gone.db")]
    [InlineData("sqlite:///data/gone.db", "gone.db")]
    public void Backups_of_a_database_that_is_gone_are_found_by_its_name(string text, string name) => Assert.Equal(name, _resolver.NameOf(text));

    private (string Name, string Path) Resolve(string? text)
    {
        ResolvedDatabase database = _resolver.Resolve(text);
        return (database.Name, database.Address.Database);
    }
}
