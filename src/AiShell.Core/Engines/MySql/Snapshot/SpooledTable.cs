namespace AiShell.Engines.MySql.Snapshot;

/// <summary>The parts of a table that was read while it was locked, in a file, so that the lock does not last as long as the backup.</summary>
internal sealed class SpooledTable : IPartSink, IDisposable
{
    private readonly FileStream _file;
    private readonly long _partBytes;
    private readonly List<(long Start, long End, long Rows)> _parts = [];
    private long _start;

    private SpooledTable(FileStream file, long partBytes)
    {
        _file = file;
        _partBytes = partBytes;
    }

    public Stream Stream => _file;

    public bool IsFull => _file.Position - _start >= _partBytes;

    public TableFingerprint Fingerprint { get; private set; }

    /// <summary>Opens a file that only its owner may read and that goes with this process.</summary>
    public static SpooledTable Create(string scratchDirectory, long partBytes)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new SpooledTable(new FileStream(Path.Combine(scratchDirectory, $"table-{Guid.NewGuid():N}"), options), partBytes);
    }

    public async Task FillAsync(Func<IPartSink, Task<TableFingerprint>> read) => Fingerprint = await read(this);

    public ValueTask EndPartAsync(long rows, CancellationToken cancellationToken)
    {
        if (_file.Position > _start)
        {
            _parts.Add((_start, _file.Position, rows));
            _start = _file.Position;
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Copies the parts as they were cut. By one caller at a time.</summary>
    public async Task CopyAsync(IPartSink sink, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[256 * 1024];
        foreach ((long start, long end, long rows) in _parts)
        {
            _file.Position = start;
            for (long left = end - start; left > 0;)
            {
                int read = await _file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
                await sink.Stream.WriteAsync(buffer.AsMemory(0, read > 0 ? read : throw new EndOfStreamException("A temporary file is shorter than it was.")), cancellationToken);
                left -= read;
            }

            await sink.EndPartAsync(rows, cancellationToken);
        }
    }

    public void Dispose() => _file.Dispose();
}
