using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Tests.Engines.MySql;

public sealed class BinaryLogPositionTests
{
    [Theory]
    [InlineData("b.000009", "4", "b.000010", "4", -1)]
    [InlineData("b.999999", "4", "b.1000000", "4", -1)]
    [InlineData("b.000009", "900", "b.000009", "1000", -1)]
    [InlineData("b.000009", "4294967300", "b.000009", "4", 1)]
    [InlineData("a.b.1", "4", "a.b.01", "4", 0)]
    [InlineData("b.1", "4", "c.2", "4", null)]
    [InlineData("b", "4", "b.2", "4", null)]
    [InlineData("b.x", "4", "b.x", "4", null)]
    public void Positions_of_one_log_have_an_order(string fileA, string offsetA, string fileB, string offsetB, int? order)
    {
        BinaryLogPosition a = new(fileA, offsetA, "");
        BinaryLogPosition b = new(fileB, offsetB, "0-1-1");

        Assert.Equal(order, BinaryLogPosition.Compare(a, b) is { } found ? Math.Sign(found) : null);
        Assert.Equal(-order, BinaryLogPosition.Compare(b, a) is { } back ? Math.Sign(back) : null);
    }

    [Theory]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.2:1000 3e259532-eb2c-11f1-8a18-02fc00000001@500 x:1", -1)]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600", -1)]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.2:1000", -1)]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.2:1000 3e259532-eb2c-11f1-8a18-02fc00000001@501", null)]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@499", null)]
    [InlineData("b.2:900 3e259532-eb2c-11f1-8a18-02fc00000001@500", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000002@600", null)]
    [InlineData("3e259532-eb2c-11f1-8a18-02fc00000001:7", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600 3e259532-eb2c-11f1-8a18-02fc00000001:9", -1)]
    [InlineData("3e259532-eb2c-11f1-8a18-02fc00000001:10", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600 3e259532-eb2c-11f1-8a18-02fc00000001:9", 1)]
    [InlineData("3E259532-eb2c-11f1-8a18-02fc00000001:9", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600 3e259532-eb2c-11f1-8a18-02fc00000001:9", 0)]
    [InlineData("3e259532-eb2c-11f1-8a18-02fc00000002:t:9", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600 3e259532-eb2c-11f1-8a18-02fc00000002:t:9", 0)]
    [InlineData("3e259532-eb2c-11f1-8a18-02fc00000002:8", "b.3:4 3e259532-eb2c-11f1-8a18-02fc00000001@600 3e259532-eb2c-11f1-8a18-02fc00000002:9", null)]
    public void Positions_of_MySql_say_which_log_they_are_of(string a, string b, int? order)
    {
        int? found = new MySqlEngine().Log.Compare(new LogPosition(a), new LogPosition(b));

        Assert.Equal(order, found is { } number ? Math.Sign(number) : null);
    }

    [Theory]
    [InlineData("3e259532-eb2c-11f1-8a18-02fc00000001:1-13:tagged:1-2", "3e259532-eb2c-11f1-8a18-02fc00000001@5 3e259532-eb2c-11f1-8a18-02fc00000001:13")]
    [InlineData("11111111-2222-3333-4444-555555555555:9, 3e259532-eb2c-11f1-8a18-02fc00000001:1-13:15", "3e259532-eb2c-11f1-8a18-02fc00000001@5 3e259532-eb2c-11f1-8a18-02fc00000001:15")]
    [InlineData("11111111-2222-3333-4444-555555555555:9", "3e259532-eb2c-11f1-8a18-02fc00000001@5")]
    [InlineData("", "3e259532-eb2c-11f1-8a18-02fc00000001@5")]
    public void Of_all_GTIDs_the_last_of_the_servers_own_is_kept(string executed, string kept) =>
        Assert.Equal(kept, new LogFileBirth(Guid.Parse("3e259532-eb2c-11f1-8a18-02fc00000001"), 5).Mark(new BinaryLogPosition("b.1", "4", executed)).Gtids);

    [Theory]
    [InlineData("binlog.000001", "328", "0-1-5,1-2-7")]
    [InlineData("odd name:1.x.000001", "4", "")]
    [InlineData("binlog.000001", "157", "896e7882-18fe-11ef-ab88-22222d34d411:1-5:8,996e7882-18fe-11ef-ab88-22222d34d411:foo:1")]
    public void A_position_comes_back_from_a_manifest(string file, string offset, string gtids)
    {
        BinaryLogPosition position = new(file, offset, gtids);
        Assert.Equal(position, BinaryLogPosition.Of(position.ToLogPosition()));
    }

    [Fact]
    public void What_is_no_position_is_none()
    {
        Assert.Null(BinaryLogPosition.Of(BinaryLogPosition.Unknown));
        Assert.Null(BinaryLogPosition.Of(new LogPosition("0/1A2B3C")));
    }
}
