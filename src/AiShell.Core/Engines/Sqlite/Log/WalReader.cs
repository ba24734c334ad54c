using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>Reads a log that comes in pieces, cut between two frames. Every checksum is checked: a frame that SQLite would not replay is damage here.</summary>
internal sealed class WalReader
{
    private readonly byte[] _header = new byte[WalFile.HeaderBytes];
    private ulong _salts;
    private WalChecksum _checksum;
    private byte[] _page = [];
    private bool _bigEndian;

    /// <summary>False within a transaction.</summary>
    public bool IsCommitted { get; private set; } = true;

    /// <param name="apply">Page number, page, and, where it ends a transaction, how many pages the database has then; else 0.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: not a log, cut short, or a checksum is wrong.</exception>
    public async Task ReadAsync(Stream piece, Func<uint, ReadOnlyMemory<byte>, uint, ValueTask> apply, CancellationToken cancellationToken)
    {
        if (_page.Length == 0 && await FillAsync(piece, WalFile.HeaderBytes, cancellationToken))
        {
            ReadHeader();
        }

        while (await FillAsync(piece, WalFile.FrameHeaderBytes, cancellationToken))
        {
            if (await piece.ReadAtLeastAsync(_page, _page.Length, false, cancellationToken) < _page.Length)
            {
                throw Damaged();
            }

            _checksum.Add(_header.AsSpan(0, 8), _bigEndian);
            _checksum.Add(_page, _bigEndian);
            uint page = BinaryPrimitives.ReadUInt32BigEndian(_header);
            uint committedPages = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
            if (page == 0 || BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(8)) != _salts || !_checksum.Equals(_header.AsSpan(16)))
            {
                throw Damaged();
            }

            IsCommitted = committedPages != 0;
            await apply(page, _page, committedPages);
        }
    }

    private void ReadHeader()
    {
        WalHeader log = WalFile.ReadHeader(_header) ?? throw Damaged();
        if (BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4)) != WalFile.Version || log.PageSize is not (>= 512 and <= 65536) || (log.PageSize & (log.PageSize - 1)) != 0)
        {
            throw Damaged();
        }

        (_bigEndian, _salts, _checksum) = (log.BigEndian, log.Salts, log.Checksum);
        _page = new byte[log.PageSize];
    }

    /// <summary>False at the end of the piece.</summary>
    private async ValueTask<bool> FillAsync(Stream piece, int bytes, CancellationToken cancellationToken)
    {
        int read = await piece.ReadAtLeastAsync(_header.AsMemory(0, bytes), bytes, false, cancellationToken);
        return read == bytes || (read == 0 ? false : throw Damaged());
    }

    private static AiShellException Damaged() => new(
        ErrorKind.Integrity, "The backup is damaged: its changed pages are not a whole write-ahead log.", "Use another backup ('ai-shell backup list').");
}
