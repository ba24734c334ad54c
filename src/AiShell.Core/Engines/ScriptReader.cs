using System.Text;

namespace AiShell.Engines;

/// <summary>Reads the entries of a schema part. Holds one entry at a time.</summary>
internal static class ScriptReader
{
    private const int LongestLine = 1 << 20;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="InvalidDataException">The part does not hold what its headers say.</exception>
    public static IEnumerable<ScriptEntry> Read(Stream plain)
    {
        using BufferedStream buffered = new(plain, 64 * 1024);
        while (ReadLine(buffered) is { } line)
        {
            ScriptEntryHeader header = ScriptEntryHeader.Parse(line);
            ScriptEntry entry = new(header, ReadText(buffered, header.Bytes), ReadText(buffered, header.OwnerBytes));
            RequireWhole(entry);
            yield return entry;
        }
    }

    /// <summary>Statements end with their line, and only an owner is given after them: byte counts that lie cut elsewhere.</summary>
    private static void RequireWhole(ScriptEntry entry)
    {
        bool whole = entry.Sql is "" or [.., '\n'];
        bool ownerWhole = entry.OwnerSql.Length == 0
            || ((entry.OwnerSql.StartsWith("ALTER ", StringComparison.Ordinal) || entry.OwnerSql.StartsWith("DO $", StringComparison.Ordinal))
                && entry.OwnerSql.EndsWith(";\n", StringComparison.Ordinal));
        if (!whole || !ownerWhole)
        {
            throw new InvalidDataException($"the statements of {entry} are not where its header says");
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
        // What the header says is not believed before the bytes have come.
        using MemoryStream text = new(Math.Min(bytes, LongestLine));
        byte[] piece = new byte[Math.Min(bytes, LongestLine)];
        for (int left = bytes; left > 0;)
        {
            int read = stream.Read(piece, 0, Math.Min(left, piece.Length));
            if (read == 0)
            {
                throw new InvalidDataException("it ends within an entry");
            }

            text.Write(piece, 0, read);
            left -= read;
        }

        try
        {
            return Strict.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
        catch (DecoderFallbackException failure)
        {
            throw new InvalidDataException("an entry is not UTF-8", failure);
        }
    }
}
