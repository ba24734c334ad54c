using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiShell.Repository;

/// <summary>
/// The one way to write a JSON value for hashing: no white space, object keys in ordinal order of their code points,
/// numbers as they were written, strings in UTF-8 with only <c>"</c>, <c>\</c> and control characters escaped. It is what
/// <c>jq -cS</c> prints, so that anyone can check a manifest's digest:
/// <c>jq -cSj 'del(.digest)' manifest.json | sha256sum</c>.
/// </summary>
internal static class CanonicalJson
{
    /// <param name="withoutKey">A key left out of the outermost object.</param>
    public static byte[] Write(JsonElement value, string? withoutKey = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(value, output, withoutKey);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(JsonElement value, ArrayBufferWriter<byte> output, string? withoutKey)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(value, output, withoutKey);
                break;
            case JsonValueKind.Array:
                WriteArray(value, output);
                break;
            case JsonValueKind.String:
                WriteString(value.GetString()!, output);
                break;
            default:
                WriteText(value.GetRawText(), output);
                break;
        }
    }

    private static void WriteObject(JsonElement value, ArrayBufferWriter<byte> output, string? withoutKey)
    {
        WriteText("{", output);
        bool first = true;
        foreach (JsonProperty property in value.EnumerateObject()
            .Where(property => property.Name != withoutKey)
            .OrderBy(property => property.Name, CodePointOrder.Instance))
        {
            if (!first)
            {
                WriteText(",", output);
            }

            first = false;
            WriteString(property.Name, output);
            WriteText(":", output);
            Write(property.Value, output, withoutKey: null);
        }

        WriteText("}", output);
    }

    private static void WriteArray(JsonElement value, ArrayBufferWriter<byte> output)
    {
        WriteText("[", output);
        bool first = true;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (!first)
            {
                WriteText(",", output);
            }

            first = false;
            Write(item, output, withoutKey: null);
        }

        WriteText("]", output);
    }

    private static void WriteString(string text, ArrayBufferWriter<byte> output)
    {
        var escaped = new StringBuilder(text.Length + 2).Append('"');
        foreach (char letter in text)
        {
            _ = letter switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\b' => escaped.Append("\\b"),
                '\f' => escaped.Append("\\f"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                < ' ' or '\u007f' => escaped.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture)),
                _ => escaped.Append(letter),
            };
        }

        WriteText(escaped.Append('"').ToString(), output);
    }

    private static void WriteText(string text, ArrayBufferWriter<byte> output) => Encoding.UTF8.GetBytes(text, output);

    /// <summary>Ordinal order of UTF-16 differs from that of code points where surrogates meet U+E000 and up.</summary>
    private sealed class CodePointOrder : IComparer<string>
    {
        public static readonly CodePointOrder Instance = new();

        public int Compare(string? x, string? y) =>
            Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""));
    }
}
