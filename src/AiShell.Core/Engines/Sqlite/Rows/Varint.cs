namespace AiShell.Engines.Sqlite.Rows;

/// <summary>SQLite's numbers of one to nine bytes (https://sqlite.org/fileformat2.html#varint).</summary>
internal static class Varint
{
    private const int LongestBytes = 9;

    /// <summary>Reads one; returns how many bytes it took.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it does not end within <paramref name="bytes"/>.</exception>
    public static int Read(ReadOnlySpan<byte> bytes, out ulong value)
    {
        if (!bytes.IsEmpty && bytes[0] < 0x80)
        {
            value = bytes[0];
            return 1;
        }

        value = 0;
        for (int at = 0; at < LongestBytes && at < bytes.Length; at++)
        {
            if (at == LongestBytes - 1)
            {
                value = (value << 8) | bytes[at];
                return LongestBytes;
            }

            value = (value << 7) | (uint)(bytes[at] & 0x7f);
            if (bytes[at] < 0x80)
            {
                return at + 1;
            }
        }

        throw LeafPages.Damaged();
    }
}
