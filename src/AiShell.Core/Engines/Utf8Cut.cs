namespace AiShell.Engines;

/// <summary>Characters of UTF-8 that the end of a piece may cut.</summary>
internal static class Utf8Cut
{
    /// <summary>Most bytes of a character that can come before its last.</summary>
    public const int Longest = 3;

    /// <summary>How many bytes at the end may be the beginning of a character.</summary>
    public static int AtEnd(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(Longest, bytes.Length); back++)
        {
            byte value = bytes[^back];
            if (value < 0x80)
            {
                return 0;
            }

            if (value >= 0xC0)
            {
                return Length(value) > back ? back : 0;
            }
        }

        return 0;
    }

    /// <summary>Of the character that begins so.</summary>
    public static int Length(byte first) => first switch { >= 0xF0 => 4, >= 0xE0 => 3, _ => 2 };
}
