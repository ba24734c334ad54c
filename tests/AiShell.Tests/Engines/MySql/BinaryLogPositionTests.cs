using AiShell.Engines;
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
