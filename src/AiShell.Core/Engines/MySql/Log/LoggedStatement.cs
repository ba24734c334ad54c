using System.IO.Compression;

namespace AiShell.Engines.MySql.Log;

/// <summary>A statement in the log (manuals, "QUERY_EVENT"), MariaDB's compressed ones and LOAD DATA ("EXECUTE_LOAD_QUERY_EVENT") too.</summary>
/// <param name="Database">The default database of the session that ran it; empty for none.</param>
/// <param name="ErrorNumber">What it ended with; changes that it had made to tables without transactions stay.</param>
/// <param name="BackslashEscapes">Whether <c>\'</c> stands for a quote in its strings.</param>
/// <param name="Text">In the session's character set.</param>
internal sealed record LoggedStatement(string Database, int ErrorNumber, bool BackslashEscapes, byte[] Text)
{
    /// <summary>What of its session it depends on, as the event has it (<see cref="SessionVariables"/>).</summary>
    public byte[] Variables { get; private init; } = [];

    private const int SessionBytes = 2 * sizeof(uint); // thread, duration
    private const int LoadedFileBytes = (3 * sizeof(uint)) + 1; // which file, where its name is in the text
    private const byte SqlModeVariable = 1;
    private const ulong NoBackslashEscapes = 1 << 20;

    public static LoggedStatement Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        body.Skip(SessionBytes);
        int databaseBytes = body.Byte();
        int error = body.UInt16();
        int variablesBytes = body.UInt16();
        body.Skip(from.Type == EventType.ExecuteLoadQuery ? LoadedFileBytes : 0);
        byte[] variables = body.Bytes(variablesBytes).ToArray();
        string database = body.Utf8(databaseBytes);
        body.Skip(1);
        ReadOnlySpan<byte> text = body.Rest();
        return new LoggedStatement(database, error, Escapes(variables), from.Type == EventType.CompressedQuery ? Inflate(text) : text.ToArray()) { Variables = variables };
    }

    /// <summary>The variables begin with flags (4 bytes) and sql_mode (8 bytes); the rest is of no interest.</summary>
    private static bool Escapes(ReadOnlySpan<byte> variables) =>
        variables is not [0, _, _, _, _, SqlModeVariable, _, _, var third, _, _, _, _, _, ..] || ((ulong)third << 16 & NoBackslashEscapes) == 0;

    /// <summary>How many bytes of length follow (big-endian), then a zlib stream (log_bin_compress).</summary>
    private static byte[] Inflate(ReadOnlySpan<byte> compressed)
    {
        int lengthBytes = compressed.IsEmpty ? 0 : compressed[0] & 0x07;
        if (lengthBytes is < 1 or > 4 || compressed.Length <= lengthBytes)
        {
            throw LogDamage.Of("a compressed statement does not say how long it is");
        }

        uint length = 0;
        foreach (byte part in compressed[1..(lengthBytes + 1)])
        {
            length = (length << 8) | part;
        }

        try
        {
            using ZLibStream inflating = new(new MemoryStream(compressed[(lengthBytes + 1)..].ToArray()), CompressionMode.Decompress);
            byte[] text = new byte[length <= Array.MaxLength ? (int)length : throw LogDamage.Of("a compressed statement is too long")];
            inflating.ReadExactly(text);
            return text;
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException)
        {
            throw LogDamage.Of($"a compressed statement cannot be read ({failure.Message.TrimEnd('.')})");
        }
    }
}
