using AiShell.Repository.Codecs;

namespace AiShell.Transfer;

/// <summary>
/// The plain bytes of a file from elsewhere, with a guard against archives made to fill a disk: growth by more than
/// five hundred times, or the end of the scratch disk's space, stops the import.
/// </summary>
internal sealed class BoundedPlainStream : Stream
{
    private const long FreeOfGuardBytes = 64 * 1024 * 1024;

    // Real dumps seldom shrink a hundredfold; gzip cannot shrink anything more than 1,032 times.
    private const long LargestRatio = 500;
    private const long SpaceCheckBytes = 64 * 1024 * 1024;
    private const long SpaceKeptFreeBytes = 256 * 1024 * 1024;

    private readonly FileStream _file;
    private readonly Stream _plain;
    private readonly bool _trusted;
    private readonly string _scratchDirectory;
    private long _plainBytes;
    private long _nextSpaceCheck = SpaceCheckBytes;

    private BoundedPlainStream(FileStream file, Stream plain, bool trusted, string scratchDirectory)
    {
        _file = file;
        _plain = plain;
        _trusted = trusted;
        _scratchDirectory = scratchDirectory;
    }

    public static BoundedPlainStream Open(string path, ICodec codec, bool trusted, string scratchDirectory)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 128 * 1024);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new AiShellException(ErrorKind.Failed, $"Cannot read '{path}': {failure.Message}", "Check the file's permissions.", failure);
        }

        return new BoundedPlainStream(file, codec.Decompress(file), trusted, scratchDirectory);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _plainBytes; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => Guard(_plain.Read(buffer));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Guard(await _plain.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _plain.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Guard(int read)
    {
        _plainBytes += read;
        if (!_trusted && _plainBytes > FreeOfGuardBytes && _plainBytes / LargestRatio > _file.Position)
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"'{_file.Name}' grows more than {LargestRatio:N0} times when it is decompressed: {ByteSize.Format(_plainBytes)} came out of its first {ByteSize.Format(_file.Position)}.",
                "It may be made to fill the disk. If you know the file, add --trust.");
        }

        if (_plainBytes >= _nextSpaceCheck)
        {
            _nextSpaceCheck = _plainBytes + SpaceCheckBytes;
            ThrowIfDiskIsFilling();
        }

        return read;
    }

    private void ThrowIfDiskIsFilling()
    {
        long freeBytes = new DriveInfo(_scratchDirectory).AvailableFreeSpace;
        if (freeBytes < SpaceKeptFreeBytes)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"Stopped loading '{_file.Name}' after {ByteSize.Format(_plainBytes)}: only {ByteSize.Format(freeBytes)} are free at '{_scratchDirectory}'.",
                "Free some space, or set AI_SHELL_HOME to a larger disk.");
        }
    }
}
