using AiShell.Connections;
using AiShell.Tests.Configuration;

namespace AiShell.Tests.Connections;

public sealed class ConnectionFileTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    private ConnectionFile File => new(_home.Home.ConnectionsFile, TimeProvider.System);

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("shop")]
    [InlineData("with space")]
    [InlineData("quote\"'s")]
    [InlineData("..")]
    [InlineData("a: b # c")]
    [InlineData("- x")]
    [InlineData("😀 emoji")]
    [InlineData("null")]
    [InlineData("\\back\\slash\\n")]
    [InlineData("{brace}")]
    public void Any_legal_name_and_url_come_back_as_they_were(string name)
    {
        var connection = new Connection(name, $"postgresql://u:p\"'\\#: {name}@h/d");
        Assert.False(File.Put(connection));
        Assert.True(File.Put(connection));
        Assert.Equal([connection], File.Read());
        Assert.Equal(connection, File.Remove(name));
        Assert.Empty(File.Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" a")]
    [InlineData("a/b")]
    [InlineData("../a")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData("\ud800")]
    public void Bad_names_are_usage_errors(string name) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => File.Put(new Connection(name, "/x.db"))).Kind);

    [Fact]
    public void A_name_may_have_255_bytes_and_no_more()
    {
        ConnectionFile.CheckName(new string('é', 127) + "x");
        Assert.Throws<AiShellException>(() => ConnectionFile.CheckName(new string('é', 128)));
    }

    [Fact]
    public void The_file_is_private()
    {
        File.Put(new Connection("shop", "/x.db"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(_home.Home.ConnectionsFile));
    }

    [Fact]
    public void Nothing_made_from_a_connection_shows_its_password()
    {
        var connection = new Connection("shop", "mysql://u:hunter2@h/d");
        Assert.DoesNotContain("hunter2", $"{connection} {connection.Display}", StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_an_unknown_name_is_not_found_and_lists_the_known()
    {
        File.Put(new Connection("shop", "/x.db"));
        AiShellException error = Assert.Throws<AiShellException>(() => File.Remove("shp"));
        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Contains("shop", error.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Writers_at_once_lose_nothing()
    {
        Parallel.For(0, 12, number => File.Put(new Connection($"c{number}", $"/{number}.db")));
        Assert.Equal(12, File.Read().Count);
    }

    [Theory]
    [InlineData("connections: [a]")]
    [InlineData("- a")]
    [InlineData("connections:\n  shop:\n    host: x\n")]
    [InlineData("other: {}\n")]
    [InlineData("connections: {a: ")]
    public void A_file_edited_into_something_else_is_a_usage_error(string text)
    {
        System.IO.File.WriteAllText(_home.Home.ConnectionsFile, text);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => File.Read()).Kind);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("connections:\n", 0)]
    [InlineData("connections:\n  shop: /data/shop.db\n", 1)]
    public void What_people_write_by_hand_is_read(string text, int count)
    {
        System.IO.File.WriteAllText(_home.Home.ConnectionsFile, text);
        Assert.Equal(count, File.Read().Count);
    }
}
