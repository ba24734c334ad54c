using System.Text;
using System.Text.Unicode;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// What MySQL says of a table when it is to translate nothing: UTF-8, but literals with a character set before them (<c>_latin1'…'</c>) have that one's bytes.
/// Asked to translate, it writes question marks for characters of four bytes.
/// </summary>
internal static class RawDefinition
{
    /// <summary>Literals whose bytes are no UTF-8 come as hexadecimal ones.</summary>
    public static string Read(ReadOnlySpan<byte> shown)
    {
        StringBuilder text = new();
        int begin = 0;
        for (int at = 0; at < shown.Length; at++)
        {
            if (shown[at] is not ((byte)'\'' or (byte)'`'))
            {
                continue;
            }

            int end = EndOfQuoted(shown, at);
            if (shown[at] == '\'' && !Utf8.IsValid(shown[at..end]))
            {
                text.Append(Encoding.UTF8.GetString(shown[begin..at])).Append(" 0x").Append(Convert.ToHexString(Unescape(shown[(at + 1)..(end - 1)])));
                begin = end;
            }

            at = end - 1;
        }

        return text.Append(Encoding.UTF8.GetString(shown[begin..])).ToString();
    }

    private static int EndOfQuoted(ReadOnlySpan<byte> sql, int start)
    {
        byte quote = sql[start];
        for (int at = start + 1; at < sql.Length; at++)
        {
            if ((quote == '\'' && sql[at] == '\\') || (sql[at] == quote && at + 1 < sql.Length && sql[at + 1] == quote))
            {
                at++;
            }
            else if (sql[at] == quote)
            {
                return at + 1;
            }
        }

        throw new FormatException("a quoted text is not closed");
    }

    private static byte[] Unescape(ReadOnlySpan<byte> literal)
    {
        List<byte> bytes = new(literal.Length);
        for (int at = 0; at < literal.Length; at++)
        {
            bool isDoubled = literal[at] == '\'' && at + 1 < literal.Length;
            bool isEscaped = literal[at] == '\\';
            at += isDoubled || isEscaped ? 1 : 0;
            bytes.Add(isEscaped ? Escaped(literal[at]) : literal[at]);
        }

        return [.. bytes];
    }

    private static byte Escaped(byte letter) => letter switch { (byte)'0' => 0, (byte)'n' => (byte)'\n', (byte)'r' => (byte)'\r', (byte)'t' => (byte)'\t', (byte)'Z' => 0x1A, _ => letter };
}
