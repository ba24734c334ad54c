using AiShell.Engines;

namespace AiShell.Tests;

public class TableFingerprintTests
{
    [Fact]
    public void Order_of_rows_does_not_matter_but_every_row_counts()
    {
        TableFingerprint forward = TableFingerprint.Empty.Add("a"u8).Add("b"u8).Add("c"u8);
        TableFingerprint shares = TableFingerprint.Empty.Add("c"u8).Add(TableFingerprint.Empty.Add("b"u8).Add("a"u8));

        Assert.Equal(forward, shares);
        Assert.NotEqual(forward, forward.Add("a"u8));
        Assert.NotEqual(forward, TableFingerprint.Empty.Add("a"u8).Add("b"u8).Add("d"u8));
    }

    [Fact]
    public void Hex_comes_back()
    {
        TableFingerprint fingerprint = TableFingerprint.Empty.Add("row"u8);

        Assert.Equal(fingerprint, TableFingerprint.Parse(1, fingerprint.ToHex()));
        Assert.Throws<FormatException>(() => TableFingerprint.Parse(1, "12"));
    }
}
