namespace AiShell.Engines.MySql;

/// <summary>Keeps the bytes of one value that is small.</summary>
internal sealed class BytesSink : IRowSink
{
    private readonly MemoryStream _bytes = new();

    public byte[] Bytes => _bytes.ToArray();

    public void BeginRow()
    {
        // a value alone
    }

    public void Null() => throw new FormatException("a name is expected");

    public void Number(ReadOnlySpan<byte> literal) => throw new FormatException("a name is expected");

    public void BeginText() => _bytes.SetLength(0);

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
