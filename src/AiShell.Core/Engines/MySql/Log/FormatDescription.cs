using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>The first event of every file (manuals, "FORMAT_DESCRIPTION_EVENT").</summary>
/// <param name="ServerVersion">Of the server that wrote the file, as it names it.</param>
internal sealed record FormatDescription(string ServerVersion, LogChecksum Checksum)
{
    private const int Version = 4;
    private const int ServerVersionBytes = 50;
    private const int LeastBytes = BinaryLogEvent.HeaderBytes + sizeof(ushort) + ServerVersionBytes + sizeof(uint) + 1 + 1 + BinaryLogEvent.ChecksumBytes;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: damaged, or of a format that is not known here.</exception>
    public static FormatDescription Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        int version = body.UInt16();
        string server = Encoding.UTF8.GetString(body.Bytes(ServerVersionBytes)).TrimEnd('\0');
        body.Skip(sizeof(uint)); // when the server was started, in the first file after that
        int header = body.Byte();
        return version == Version && header == BinaryLogEvent.HeaderBytes
            ? new FormatDescription(server, ChecksumOf(from.Bytes.Span))
            : throw LogDamage.Of($"its format is version {version} with headers of {header} bytes, not {Version} with {BinaryLogEvent.HeaderBytes}");
    }

    /// <summary>The byte before the checksum says of which kind the log's are. This event always has room for one.</summary>
    internal static LogChecksum ChecksumOf(ReadOnlySpan<byte> whole)
    {
        byte algorithm = whole.Length >= LeastBytes ? whole[^(BinaryLogEvent.ChecksumBytes + 1)] : throw LogDamage.Of("the description of its format is cut short");
        return algorithm <= (byte)LogChecksum.Crc32 ? (LogChecksum)algorithm : throw LogDamage.Of($"its checksums are of the unknown kind {algorithm}");
    }
}
