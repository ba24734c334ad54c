namespace AiShell.Engines.PostgreSql;

/// <summary>Values in COPY's text format (manual, COPY, "Text Format").</summary>
internal static class CopyText
{
    /// <summary>A field as the value it stands for; null for NULL.</summary>
    public static string? Decode(ReadOnlySpan<byte> field)
    {
        if (field.SequenceEqual("\\N"u8))
        {
            return null;
        }

        byte[] value = new byte[field.Length];
        int used = 0;
        for (int at = 0; at < field.Length; at++)
        {
            value[used++] = field[at] != '\\' || at + 1 == field.Length ? field[at] : Unescape(field[++at]);
        }

        return StrictText.Decode(value.AsSpan(0, used));
    }

    /// <summary>What a character after a backslash stands for. The server writes these and no other escapes.</summary>
    public static byte Unescape(byte letter) => letter switch
    {
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        (byte)'v' => (byte)'\v',
        _ => letter,
    };

    /// <summary>The letter that stands after a backslash for a byte.</summary>
    public static byte Escape(byte value) => value switch
    {
        (byte)'\b' => (byte)'b',
        (byte)'\f' => (byte)'f',
        (byte)'\n' => (byte)'n',
        (byte)'\r' => (byte)'r',
        (byte)'\t' => (byte)'t',
        (byte)'\v' => (byte)'v',
        _ => value,
    };
}
