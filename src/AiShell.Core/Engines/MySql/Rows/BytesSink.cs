using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>Keeps the bytes of one value that is small.</summary>
internal sealed class BytesSink : IRowSink
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public void BeginRow()
    {
        // a value alone
    }

    public void Null() => throw new FormatException("a name is expected");

    public void Number(ReadOnlySpan<byte> literal) => throw new FormatException("a name is expected");

    public void BeginText() => _bytes.ResetWrittenCount();

    public void BeginBytes(string? characterSet) => throw new FormatException("a name is expected");

    public void Piece(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public void EndValue()
    {
        // it is kept
    }

    public void EndRow()
    {
        // a value alone
    }
}
