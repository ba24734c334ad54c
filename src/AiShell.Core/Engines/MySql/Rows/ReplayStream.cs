using AiShell.IO;

namespace AiShell.Engines.MySql;

/// <summary>Keeps what is read of a stream, in memory or where it is much in a file, so that it can be read once more.</summary>
internal sealed class ReplayStream(Stream source, string scratchDirectory) : ReadOnlyStream
{
    private const int LargestInMemory = 4 * 1024 * 1024;

    private Stream? _kept = new MemoryStream();
    private bool _replays;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!_replays)
        {
            int fresh = source.Read(buffer);
            Keep(buffer[..fresh]);
            return fresh;
        }

        int read = _kept?.Read(buffer) ?? 0;
        if (read > 0)
        {
            return read;
        }

        Forget();
        return source.Read(buffer);
    }

    /// <summary>From now on all is read once more, then the rest.</summary>
    public void Rewind()
    {
        _kept!.Position = 0;
        _replays = true;
    }

    protected override void Dispose(bool disposing)
    {
        Forget();
        base.Dispose(disposing);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_kept is MemoryStream memory && memory.Length + bytes.Length > LargestInMemory)
        {
            FileStream file = new(
                Path.Combine(scratchDirectory, $"row-{Guid.NewGuid():N}"),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose });
            memory.WriteTo(file);
            _kept = file;
        }

        _kept!.Write(bytes);
    }

    private void Forget()
    {
        _kept?.Dispose();
        _kept = null;
    }
}
