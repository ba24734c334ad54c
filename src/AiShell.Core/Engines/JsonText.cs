using System.Text;

namespace AiShell.Engines;

/// <summary>Strings of JSON as our writers write them: no longer escape than must be (RFC 8259, 7).</summary>
internal static class JsonText
{
    /// <summary>Of a quote, a backslash or a control character.</summary>
    public static ReadOnlySpan<byte> EscapeOf(byte value) => value switch
    {
        (byte)'"' => "\\\""u8,
        (byte)'\\' => "\\\\"u8,
        (byte)'\n' => "\\n"u8,
        (byte)'\r' => "\\r"u8,
        (byte)'\t' => "\\t"u8,
        (byte)'\b' => "\\b"u8,
        (byte)'\f' => "\\f"u8,
        _ => Encoding.ASCII.GetBytes($"\\u{(int)value:x4}"),
    };

    /// <param name="window">Begins with the opening quote.</param>
    /// <returns>Past the closing quote; -1 where there is none.</returns>
    public static int EndOfString(ReadOnlySpan<byte> window)
    {
        for (int at = 1; at < window.Length; at++)
        {
            if (window[at] == '"')
            {
                return at + 1;
            }

            at += window[at] == '\\' ? 1 : 0;
        }

        return -1;
    }
}
