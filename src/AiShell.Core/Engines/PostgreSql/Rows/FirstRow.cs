namespace AiShell.Engines.PostgreSql;

/// <summary>A row kept for a moment: in memory, or where it is large in a file that goes when this is disposed.</summary>
internal sealed class FirstRow(string scratchDirectory) : IDisposable
{
    private const int LargestInMemory = 4 * 1024 * 1024;
    private const int PieceBytes = 128 * 1024;

    private Stream _kept = new MemoryStream();

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_kept is MemoryStream memory && memory.Length + bytes.Length > LargestInMemory)
        {
            FileStream file = new(
                Path.Combine(scratchDirectory, $"row-{Guid.NewGuid():N}"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose });
            memory.WriteTo(file);
            memory.Dispose();
            _kept = file;
        }

        _kept.Write(bytes);
    }

    public void WriteTo(RowReader.LinesAction take)
    {
        byte[] piece = new byte[PieceBytes];
        _kept.Position = 0;
        for (int read = _kept.Read(piece); read > 0; read = _kept.Read(piece))
        {
            take(piece.AsSpan(0, read));
        }
    }

    public void Dispose() => _kept.Dispose();
}
