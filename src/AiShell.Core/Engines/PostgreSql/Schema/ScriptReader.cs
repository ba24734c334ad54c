using System.Text;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>Reads the entries of a schema part. Holds one entry at a time.</summary>
internal static class ScriptReader
{
    private const int LongestLine = 1 << 20;

    /// <exception cref="InvalidDataException">The part does not hold what its headers say.</exception>
    public static IEnumerable<ScriptEntry> Read(Stream plain)
    {
        using BufferedStream buffered = new(plain, 64 * 1024);
        while (ReadLine(buffered) is { } line)
        {
            ScriptEntryHeader header = ScriptEntryHeader.Parse(line);
            yield return new ScriptEntry(header, ReadText(buffered, header.Bytes), ReadText(buffered, header.OwnerBytes));
        }
    }

    private static byte[]? ReadLine(BufferedStream stream)
    {
        using MemoryStream line = new();
        for (int next = stream.ReadByte(); next != '\n'; next = stream.ReadByte())
        {
            if (next < 0)
            {
                return line.Length == 0 ? null : throw new InvalidDataException("it ends within a line");
            }

            if (line.Length == LongestLine)
            {
                throw new InvalidDataException("a line is too long to be an entry's header");
            }

            line.WriteByte((byte)next);
        }

        return line.ToArray();
    }

    private static string ReadText(BufferedStream stream, int bytes)
    {
        byte[] text = new byte[bytes];
        if (stream.ReadAtLeast(text, bytes, throwOnEndOfStream: false) < bytes)
        {
            throw new InvalidDataException("it ends within an entry");
        }

        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
    }
}
