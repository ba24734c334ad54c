namespace AiShell.Engines.MySql.Log;

/// <summary>The events of a transaction until it is known whether they are wanted: in memory, and beyond some size in a scratch file.</summary>
internal sealed class TransactionBuffer(string scratchDirectory) : IDisposable
{
    private const int MostInMemory = 8 * 1024 * 1024;
    private const int CopyBytes = 128 * 1024;

    private readonly MemoryStream _memory = new();
    private FileStream? _file;

    public long Length => _memory.Length + (_file?.Length ?? 0);

    public void Clear()
    {
        _memory.SetLength(0);
        _file?.Dispose();
        _file = null;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_file is null && _memory.Length + bytes.Length > MostInMemory)
        {
            _file = new FileStream(
                Path.Combine(scratchDirectory, $"transaction-{Guid.NewGuid():n}"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = CopyBytes, Options = FileOptions.DeleteOnClose });
        }

        if (_file is not null)
        {
            _file.Write(bytes);
        }
        else
        {
            _memory.Write(bytes);
        }
    }

    public void CopyTo(Stream output)
    {
        output.Write(_memory.GetBuffer().AsSpan(0, (int)_memory.Length));
        if (_file is not null)
        {
            _file.Position = 0;
            _file.CopyTo(output, CopyBytes);
            _file.Position = _file.Length;
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _memory.Dispose();
    }
}
