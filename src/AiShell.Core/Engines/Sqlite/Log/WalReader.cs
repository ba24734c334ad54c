using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>Reads a log that comes in pieces, cut between two frames. Every checksum is checked: a frame that SQLite would not replay is damage here.</summary>
internal sealed class WalReader
{
    private readonly byte[] _header = new byte[WalFile.HeaderBytes];
    private readonly byte[] _salts = new byte[8];
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
            if (page == 0 || !_header.AsSpan(8, 8).SequenceEqual(_salts) || !_checksum.Equals(_header.AsSpan(16)))
            {
                throw Damaged();
            }

            IsCommitted = committedPages != 0;
            await apply(page, _page, committedPages);
        }
    }

    private void ReadHeader()
    {
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(_header);
        int pageSize = BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(8));
        _bigEndian = magic == WalFile.BigEndianMagic;
        _checksum.Add(_header.AsSpan(0, 24), _bigEndian);
        bool known = magic is WalFile.LittleEndianMagic or WalFile.BigEndianMagic
            && BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4)) == WalFile.Version
            && pageSize is >= 512 and <= 65536 && (pageSize & (pageSize - 1)) == 0;
        if (!known || !_checksum.Equals(_header.AsSpan(24)))
        {
            throw Damaged();
        }

        _header.AsSpan(16, 8).CopyTo(_salts);
        _page = new byte[pageSize];
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
