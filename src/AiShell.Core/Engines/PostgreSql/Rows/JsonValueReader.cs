using System.Buffers;
using System.Globalization;

namespace AiShell.Engines.PostgreSql;

/// <summary>Reads one value after the other from JSON, whatever its size, into the lines it came from.</summary>
internal sealed class JsonValueReader(PartInput input, LineOutput output)
{
    private const int LongestEscape = 6;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789+-.eE"u8);
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (byte)code), (byte)'"', (byte)'\\']);
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]\n\r"u8);

    public void Read()
    {
        switch (input.Peek())
        {
            case '"':
                ReadString();
                break;
            case 'n':
                input.Expect("null"u8);
                output.Null();
                break;
            case 't':
                input.Expect("true"u8);
                output.Append("t"u8);
                break;
            case 'f':
                input.Expect("false"u8);
                output.Append("f"u8);
                break;
            case '{' or '[':
                ReadDocument();
                break;
            case '-' or (>= '0' and <= '9'):
                ReadNumber();
                break;
            default:
                throw new FormatException("a value is expected");
        }
    }

    private void ReadNumber()
    {
        while (!input.AtEnd)
        {
            int end = input.Window.IndexOfAnyExcept(NumberBytes);
            Take(end < 0 ? input.Window.Length : end);
            if (end >= 0)
            {
                return;
            }
        }
    }

    private void ReadString()
    {
        input.Expect((byte)'"');
        while (true)
        {
            RequireMore();
            int end = input.Window.IndexOfAny(StringEnds);
            Take(end < 0 ? input.Window.Length : end);
            if (end < 0)
            {
                continue;
            }

            switch (input.Window[0])
            {
                case (byte)'"':
                    input.Advance(1);
                    return;
                case (byte)'\\':
                    ReadEscape();
                    break;
                default:
                    throw new FormatException("a string has a control character");
            }
        }
    }

    private void ReadEscape()
    {
        input.Require(LongestEscape);
        ReadOnlySpan<byte> escape = input.Window;
        byte letter = escape.Length > 1 ? escape[1] : (byte)0;
        int length = letter == 'u' ? LongestEscape : 2;
        output.Append([letter switch
        {
            (byte)'"' or (byte)'\\' => letter,
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'u' when escape.Length >= LongestEscape && ControlOf(escape[2..LongestEscape]) is byte control => control,
            _ => throw new FormatException("a string has an escape that is not written so"),
        }]);
        input.Advance(length);
    }

    /// <summary>.NET takes digits that end in NUL for shorter ones.</summary>
    private static byte? ControlOf(ReadOnlySpan<byte> digits) =>
        digits is [.., not 0] && byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte code) && code is > 0 and < 0x20 ? code : null;

    /// <summary>An object or array as it stands, to the bracket that closes it.</summary>
    private void ReadDocument()
    {
        int depth = 0;
        do
        {
            RequireMore();
            int at = input.Window.IndexOfAny(Structure);
            if (at < 0)
            {
                Take(input.Window.Length);
                continue;
            }

            byte found = input.Window[at];
            Take(at + 1);
            depth += found is (byte)'{' or (byte)'[' ? 1 : found is (byte)'}' or (byte)']' ? -1 : 0;
            if (found == '"')
            {
                PassString();
            }
            else if (found is (byte)'\n' or (byte)'\r')
            {
                throw new FormatException("a line ends within a value");
            }
        }
        while (depth > 0);
    }

    /// <summary>The rest of a string within a document, its escapes as they are.</summary>
    private void PassString()
    {
        while (true)
        {
            RequireMore();
            int at = input.Window.IndexOfAny((byte)'"', (byte)'\\');
            if (at < 0)
            {
                Take(input.Window.Length);
                continue;
            }

            bool isEnd = input.Window[at] == '"';
            Take(at + 1);
            if (isEnd)
            {
                return;
            }

            RequireMore();
            Take(1);
        }
    }

    private void Take(int bytes)
    {
        output.Append(input.Window[..bytes]);
        input.Advance(bytes);
    }

    private void RequireMore()
    {
        if (input.AtEnd)
        {
            throw new FormatException("it ends within a value");
        }
    }
}
