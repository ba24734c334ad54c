using System.Buffers.Binary;

namespace AiShell.Engines.Sqlite.Log;

/// <summary>Gives bytes of the log, wherever they come from.</summary>
internal delegate void ReadLogBytes(long offset, Span<byte> buffer);

/// <summary>A transaction in the log.</summary>
internal readonly record struct WalTransaction(uint FirstFrame, uint LastFrame, uint PageCount, uint ChangeCounter)
{
    public uint FrameCount => LastFrame - FirstFrame + 1;
}

/// <summary>
/// How far a log has been read: always the end of a transaction. It goes on where salts and running checksums do (sqlite.org/fileformat2.html, 4.1 and 4.2),
/// and stops with a <see cref="BrokenChainException"/> where they do not.
/// </summary>
/// <remarks>
/// SQLite 3.40 (measured; and probably others) now and then leaves the salts and the checksum of a committed frame 0, after ROLLBACK TO in a transaction that had outgrown the
/// cache. Every reader has that frame, only a recovery would stop before it. So it is taken; what follows is checked as SQLite goes on: from 0, or from the frame before.
/// </remarks>
internal sealed class WalCursor(int pageSize, WalMoment start, uint changeCounter)
{
    private const int WindowBytes = 1024 * 1024;
    private readonly int _frameBytes = WalFile.FrameHeaderBytes + pageSize;
    private readonly byte[] _window = new byte[Math.Max(WindowBytes / (WalFile.FrameHeaderBytes + pageSize), 1) * (WalFile.FrameHeaderBytes + pageSize)];
    private uint _windowFirst;
    private uint _windowCount;
    private WalChecksum _checksum;
    private WalChecksum? _beforeUnsealed;
    private bool _bigEndian;
    private bool _begun;
    private ulong? _left;

    /// <summary>Of the log's present generation; 0 before its first transaction.</summary>
    public ulong Salts { get; private set; } = start.Salts;

    /// <summary>The last frame that was read; 0 at the generation's beginning.</summary>
    public uint Frame { get; private set; } = start.LastFrame;

    /// <summary>The running checksum there, as the log has it.</summary>
    public ulong Sum { get; private set; } = start.Sum;

    public uint ChangeCounter { get; private set; } = changeCounter;

    /// <summary>Whether the log may be begun anew just here, so that its next frame is the first of another generation.</summary>
    public bool MayBeReset { get; private set; } = start.LastFrame == 0;

    public int PageSize => pageSize;

    public int FrameBytes => _frameBytes;

    public LogPosition Position => WalMoment.PositionOf(ChangeCounter, Salts == 0 ? null : new WalMoment(Frame, 0, pageSize, Salts, Sum));

    /// <summary>Everything up to here is in the main file, and a reader keeps what follows.</summary>
    public void AllowReset() => MayBeReset = true;

    /// <summary>Follows the log into its next generation, where it was begun anew as allowed.</summary>
    public void Enter(WalMoment moment)
    {
        if (moment.Salts == Salts && moment.LastFrame >= Frame)
        {
            return;
        }

        if (!MayBeReset || moment.Salts == Salts || moment.Salts == _left)
        {
            throw new BrokenChainException(
                $"the write-ahead log was begun anew by somebody else (frame {moment.LastFrame} of 0x{moment.Salts:x16} after frame {Frame} of 0x{Salts:x16})");
        }

        _left = Frame == 0 ? _left : Salts;
        Salts = moment.Salts;
        Frame = 0;
        _begun = false;
        _beforeUnsealed = null;
        _windowCount = 0;
    }

    /// <summary>The transaction after the cursor, checked; null at <paramref name="lastFrame"/>. Moves the cursor to its end.</summary>
    public WalTransaction? Read(ReadLogBytes read, uint lastFrame)
    {
        if (Frame >= lastFrame)
        {
            return null;
        }

        Begin(read);
        uint change = ChangeCounter;
        for (uint frame = Frame + 1; frame <= lastFrame; frame++)
        {
            ReadOnlySpan<byte> bytes = FrameAt(frame, lastFrame, read).Span;
            uint page = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            uint committedPages = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
            if (page == 0 || !GoesOn(bytes))
            {
                throw NotThere(frame);
            }

            change = page == 1 ? PageHeader.ChangeCounter(bytes[WalFile.FrameHeaderBytes..]) : change;
            if (committedPages != 0)
            {
                WalTransaction transaction = new(Frame + 1, frame, committedPages, change);
                (Frame, ChangeCounter, MayBeReset) = (frame, change, false);
                Sum = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
                return transaction;
            }
        }

        throw new BrokenChainException($"frame {lastFrame} of the write-ahead log ends no transaction");
    }

    /// <summary>The pages of a transaction that was just read.</summary>
    public IEnumerable<CapturedPage> PagesOf(WalTransaction transaction, ReadLogBytes read)
    {
        for (uint frame = transaction.FirstFrame; frame <= transaction.LastFrame; frame++)
        {
            ReadOnlyMemory<byte> bytes = FrameAt(frame, transaction.LastFrame, read);
            yield return new CapturedPage(BinaryPrimitives.ReadUInt32BigEndian(bytes.Span), bytes[WalFile.FrameHeaderBytes..]);
        }
    }

    /// <summary>Copies what stands between the cursor and <paramref name="lastFrame"/>, to be read when the log is no longer held.</summary>
    public ReadLogBytes Copy(ReadLogBytes read, uint lastFrame)
    {
        Begin(read);
        long start = WalView.OffsetOfFrame(Frame + 1, pageSize);
        byte[] bytes = new byte[WalView.OffsetOfFrame(lastFrame + 1, pageSize) - start];
        read(start, bytes);
        return (offset, buffer) => bytes.AsSpan((int)(offset - start), buffer.Length).CopyTo(buffer);
    }

    /// <summary>Takes the running checksum up: from the log's header, or from the frame it has reached.</summary>
    private void Begin(ReadLogBytes read)
    {
        if (_begun)
        {
            return;
        }

        Span<byte> header = stackalloc byte[WalFile.HeaderBytes];
        read(0, header);
        WalHeader log = WalFile.ReadHeader(header) is { } found && found.PageSize == pageSize && found.Salts == Salts ? found : throw NotThere(Frame);
        _bigEndian = log.BigEndian;
        WalChecksum checksum = log.Checksum;
        Span<byte> frame = header[..WalFile.FrameHeaderBytes];
        bool endsUnsealed = false;
        for (uint last = Frame; last > 0; last--)
        {
            read(WalView.OffsetOfFrame(last, pageSize), frame);
            if (IsUnsealed(frame))
            {
                endsUnsealed = true;
                continue;
            }

            checksum = BinaryPrimitives.ReadUInt64BigEndian(frame[8..]) == Salts ? WalChecksum.Read(frame[16..]) : throw NotThere(last);
            break;
        }

        (_checksum, _beforeUnsealed) = endsUnsealed ? (default, checksum) : (checksum, (WalChecksum?)null);
        _begun = true;
    }

    /// <summary>Whether a frame continues the one before; takes its checksum over.</summary>
    private bool GoesOn(ReadOnlySpan<byte> frame)
    {
        if (IsUnsealed(frame))
        {
            _beforeUnsealed ??= _checksum;
            _checksum = default;
            return true;
        }

        WalChecksum? other = _beforeUnsealed;
        _beforeUnsealed = null;
        return BinaryPrimitives.ReadUInt64BigEndian(frame[8..]) == Salts
            && (Follows(_checksum, frame) || (other is { } before && Follows(before, frame)));
    }

    private bool Follows(WalChecksum checksum, ReadOnlySpan<byte> frame)
    {
        checksum.Add(frame[..8], _bigEndian);
        checksum.Add(frame[WalFile.FrameHeaderBytes..], _bigEndian);
        if (!checksum.Equals(frame[16..]))
        {
            return false;
        }

        _checksum = checksum;
        return true;
    }

    private static bool IsUnsealed(ReadOnlySpan<byte> frame) => !frame[8..WalFile.FrameHeaderBytes].ContainsAnyExcept((byte)0);

    private ReadOnlyMemory<byte> FrameAt(uint frame, uint lastFrame, ReadLogBytes read)
    {
        if (frame < _windowFirst || frame - _windowFirst >= _windowCount)
        {
            // Never past the last committed frame: what stands there may still be overwritten.
            uint count = Math.Min((uint)(_window.Length / _frameBytes), lastFrame - frame + 1);
            _windowCount = 0;
            read(WalView.OffsetOfFrame(frame, pageSize), _window.AsSpan(0, (int)count * _frameBytes));
            (_windowFirst, _windowCount) = (frame, count);
        }

        return _window.AsMemory((int)(frame - _windowFirst) * _frameBytes, _frameBytes);
    }

    private BrokenChainException NotThere(uint frame) => new(
        $"frame {frame} of 0x{Salts:x16} does not stand in the write-ahead log: something other than SQLite wrote or replaced it");
}
