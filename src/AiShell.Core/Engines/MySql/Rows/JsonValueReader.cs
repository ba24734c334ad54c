using System.Buffers;
using System.Globalization;

namespace AiShell.Engines.MySql;

/// <summary>Reads one value after the other from JSON, whatever its size.</summary>
internal sealed class JsonValueReader(PartInput input)
{
    private const int LongestEscape = 6;

    private static readonly SearchValues<byte> StringEnds = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private readonly Utf8Check _check = new();
    private readonly Base64Run _base64 = new(input);
    private readonly CharacterSetName _characterSets = new(input);

    /// <exception cref="FormatException">There is none, or one that is not written so.</exception>
    public void Read(IRowSink sink)
    {
        switch (input.Peek())
        {
            case '"':
                ReadString(sink);
                break;
            case 'n':
                input.Expect("null"u8);
                sink.Null();
                break;
            case '{':
                ReadBytes(sink);
                break;
            default:
                NumberLiteral.Read(input, sink);
                break;
        }
    }

    private void ReadBytes(IRowSink sink)
    {
        input.Expect("{\"$"u8);
        string kind = _characterSets.Read();
        input.Expect("\":\""u8);
        sink.BeginBytes(kind == "blob" ? null : kind);
        _base64.Read(sink);
        input.Expect("\"}"u8);
        sink.EndValue();
    }

    private void ReadString(IRowSink sink)
    {
        input.Advance(1);
        sink.BeginText();
        while (true)
        {
            if (input.AtEnd)
            {
                throw new FormatException("it ends within a value");
            }

            int end = input.Window.IndexOfAny(StringEnds);
            int run = end < 0 ? input.Window.Length : end;
            _check.Tell(input.Window[..run], sink);
            input.Advance(run);
            if (end < 0)
            {
                continue;
            }

            if (input.Accept((byte)'"'))
            {
                _check.RequireComplete();
                sink.EndValue();
                return;
            }

            ReadEscape(sink);
        }
    }

    private void ReadEscape(IRowSink sink)
    {
        input.Require(LongestEscape);
        ReadOnlySpan<byte> escape = input.Window;
        byte letter = escape is [(byte)'\\', var second, ..] ? second : throw new FormatException("a string has a control character");
        byte value = letter switch
        {
            (byte)'"' or (byte)'\\' => letter,
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'u' when escape.Length >= LongestEscape => ControlOf(escape[2..LongestEscape]),
            _ => throw new FormatException("a string has an escape that is not written so"),
        };
        _check.Tell([value], sink);
        input.Advance(letter == 'u' ? LongestEscape : 2);
    }

    /// <summary>Those that have no letter. .NET takes digits that end in NUL for shorter ones.</summary>
    private static byte ControlOf(ReadOnlySpan<byte> digits) =>
        byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte code)
        && code is < 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'\b' or (byte)'\f') && !digits.ContainsAnyInRange((byte)'A', (byte)'F') && digits is [.., not 0]
            ? code
            : throw new FormatException("a string has an escape that is not written so");
}
