using AiShell.Configuration;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.IntegrationTests.MySql;

public sealed class MySqlSessionTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private MySqlSession Open() => MySqlSession.Open(SettingsReader.Read(shared.Server.AddressOf(""), new ProcessEnvironment()));

    [Fact]
    public void Rows_come_back_as_they_were_sent()
    {
        using MySqlSession session = Open();

        Assert.Equal([["1", null, "é🙂", ""], ["2", "x", "'", ""]], session.Query("SELECT 1, NULL, 'é🙂', '' UNION ALL SELECT 2, 'x', '''', ''"));
        Assert.Empty(session.Query("SELECT 1 FROM DUAL WHERE FALSE"));
        Assert.True(session.Features.IsMariaDb);
        Assert.True(session.Features.Version > 101100);
    }

    [Fact]
    public void Values_larger_than_a_packet_come_back_whole()
    {
        using MySqlSession session = Open();
        session.Execute("SET GLOBAL max_allowed_packet = 1073741824");
        using MySqlSession large = Open();

        foreach (int length in new[] { 0xFFFFFF - 8, 0xFFFFFF - 4, 0xFFFFFF, (0xFFFFFF * 2) - 8, 40_000_000 })
        {
            byte[] value = large.QueryBytes($"SELECT REPEAT('a', {length}), 'after'") is [[{ } only, { Length: 5 }]] ? only : [];
            Assert.Equal(length, value.Length);
            Assert.Equal(length, value.AsSpan().Count((byte)'a'));
        }

        Assert.Equal("30000000", large.Scalar($"SELECT LENGTH('{new string('b', 30_000_000)}')"));
    }

    [Fact]
    public void An_error_is_thrown_and_the_session_goes_on()
    {
        using MySqlSession session = Open();

        ServerError error = Assert.Throws<ServerError>(() => session.Execute("SELECT nothing FROM nowhere.at_all"));

        Assert.Equal("42S02", error.SqlState);
        Assert.Equal(1146, error.Number);
        Assert.Equal("1", session.Scalar("SELECT 1"));
    }
}
