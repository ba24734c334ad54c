using System.Buffers.Binary;
using System.Globalization;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>An event of a part, of a transaction that is to be done.</summary>
/// <param name="Gtid">Of its transaction; empty for what is outside of one.</param>
/// <param name="Ends">The transaction that is whole with it; null within one.</param>
/// <param name="Offset">Behind it, in the part's plain bytes.</param>
internal readonly record struct PartEvent(StreamedEvent Streamed, string Gtid, LoggedTransaction? Ends, long Offset);

/// <summary>
/// Reads parts of a log one after the other, and sees to it that nothing is missing between them: each begins where the one before ended, and is whole. What the base has already
/// is passed over.
/// </summary>
/// <param name="database">Of the base; null where it is not asked whose the log is.</param>
/// <param name="reached">Where the base ends.</param>
internal sealed class LoggedParts(string? database, BinaryLogPosition reached)
{
    private const int LargestEvent = 0x7FFF_0000;
    private const string Hint = "Use another backup ('ai-shell backup list').";

    private static readonly byte[] Magic = [0xFE, (byte)'b', (byte)'i', (byte)'n'];

    /// <summary>Those after a base.</summary>
    /// <param name="properties">Of the base; null before they were read.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: nothing can follow it.</exception>
    public static LoggedParts After(DatabaseProperties? properties) =>
        properties is { Name: { } name, Position: { } position } && BinaryLogPosition.Of(new LogPosition(position)) is { } end
            ? new LoggedParts(name, end)
            : throw new AiShellException(ErrorKind.Integrity, "The full backup does not say where in the server's log it ends, so that no log can follow it.", Hint);

    /// <summary>How far the copy has come: in the middle of a part, behind the transaction whose last event is being used.</summary>
    public BinaryLogPosition Reached { get; private set; } = reached;

    /// <inheritdoc cref="Read(LinkPart, Stream, Action{LogMark}, Action{PartEvent})"/>
    public void Read(Stream plain, Action<LogMark> begin, Action<PartEvent> use) => Read(mayOverlap: false, isCut: false, plain, begin, use);

    /// <param name="begin">Is given what the part says of itself, before its events.</param>
    /// <param name="use">Is given each event that counts, in order.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged, or does not follow.</exception>
    public void Read(LinkPart part, Stream plain, Action<LogMark> begin, Action<PartEvent> use) => Read(part.From > 0, part.IsCut, plain, begin, use);

    private void Read(bool mayOverlap, bool isCut, Stream plain, Action<LogMark> begin, Action<PartEvent> use)
    {
        try
        {
            new Reading(this, mayOverlap, isCut, plain, begin, use).Run();
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Integrity && failure.Message.StartsWith("The binary log is damaged", StringComparison.Ordinal))
        {
            throw new AiShellException(ErrorKind.Integrity, failure.Message.Replace("The binary log", "The log in the backup", StringComparison.Ordinal), Hint, failure);
        }
    }

    private sealed class Reading(LoggedParts parts, bool mayOverlap, bool isCut, Stream plain, Action<LogMark> begin, Action<PartEvent> use)
    {
        private readonly TransactionCut _cut = new();
        private LogChecksum _checksum = LogChecksum.Crc32;
        private string _file = "";
        private string _gtid = "";
        private LogMark? _mark;
        private GtidState? _gtids;
        private LogFileBirth? _birth;
        private uint _second;
        private BinaryLogPosition? _ended;
        private bool _skips;
        private long _offset;

        public void Run()
        {
            byte[] magic = new byte[Magic.Length];
            if (plain.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) != magic.Length || !magic.AsSpan().SequenceEqual(Magic))
            {
                throw LogDamage.Of("it does not begin as a binary log");
            }

            _offset = magic.Length;
            while (ReadEvent() is { } next)
            {
                _offset += next.Length;
                Take(next);
            }

            if (_mark is null || _cut.IsWithin || (_mark.HasEnd && _ended is null && !isCut))
            {
                throw LogDamage.Of("it is cut short");
            }

            // A copy may have more than this part.
            if (_ended is not null && BinaryLogPosition.Compare(_ended, parts.Reached) is not < 0)
            {
                parts.Reached = _ended;
            }
        }

        private BinaryLogEvent? ReadEvent()
        {
            byte[] header = new byte[BinaryLogEvent.HeaderBytes];
            int read = plain.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (read == 0)
            {
                return null;
            }

            int length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(9));
            if (read < header.Length || length < header.Length || length > LargestEvent || _ended is not null)
            {
                throw LogDamage.Of("what comes is no event");
            }

            // Not at once as long as it says: that may be damaged.
            using MemoryStream whole = new();
            whole.Write(header);
            byte[] piece = new byte[Math.Min(length - header.Length, 1 << 20)];
            for (int left = length - header.Length; left > 0;)
            {
                int got = plain.Read(piece, 0, Math.Min(left, piece.Length));
                whole.Write(piece, 0, got > 0 ? got : throw LogDamage.Of("it is cut short"));
                left -= got;
            }

            return BinaryLogEvent.Read(whole.GetBuffer().AsMemory(0, length), _checksum);
        }

        private void Take(BinaryLogEvent next)
        {
            if (next.Type == EventType.FormatDescription)
            {
                _checksum = FormatDescription.Read(next).Checksum;
                _second = next.Second;
                use(new PartEvent(new StreamedEvent(next, _file, 0, 0), "", Ends: null, _offset));
            }
            else if (next.Type == EventType.Rotate)
            {
                _file = Rotation.Read(next).File;
            }
            else if (LogMark.Read(next) is { } mark)
            {
                TakeMark(mark);
            }
            else
            {
                TakeLogged(next);
            }
        }

        private void TakeMark(LogMark mark)
        {
            if (parts.DatabaseName is { } wanted && mark.Database != wanted)
            {
                throw LogDamage.Of($"it is of the database '{mark.Database}', and the backup before it of '{wanted}'");
            }

            if (_mark is not null)
            {
                _ended = mark.To is not null && !_cut.IsWithin ? Parse(mark.To) : throw LogDamage.Of("it begins twice");
                return;
            }

            _mark = mark;
            BinaryLogPosition from = Parse(mark.From);
            _gtids = GtidState.Parse(from.Gtids);
            _birth = from.Birth;
            if (from.ToLogPosition() != parts.Reached.ToLogPosition())
            {
                // A base that was made beside a capture ends within a segment, and a copy that was kept may stand anywhere.
                _skips = (mayOverlap || !mark.HasEnd) && BinaryLogPosition.Compare(from, parts.Reached) is < 0
                    ? true
                    : throw new AiShellException(ErrorKind.Integrity, $"The log in the backup does not go on where the backup before it ends: that is '{parts.Reached.ToLogPosition()}', and it begins at '{mark.From}'.", Hint);
            }

            begin(mark);
        }

        private void TakeLogged(BinaryLogEvent next)
        {
            if (_mark is null)
            {
                throw LogDamage.Of("it does not say where it begins");
            }

            StreamedEvent streamed = new(next, _file, next.NextPosition - (uint)next.Length, next.NextPosition);
            if (TransactionId.Begins(next.Type))
            {
                _gtid = TransactionId.Read(next).Gtid;
            }

            LoggedTransaction? transaction = _cut.Feed(streamed);
            bool done = _skips && BinaryLogPosition.Compare(new BinaryLogPosition(_file, streamed.End.ToString(CultureInfo.InvariantCulture), ""), parts.Reached) is <= 0;
            if (transaction is not null)
            {
                _gtids?.Add(transaction.Gtid);
                if (!done)
                {
                    _skips = false;
                    string gtids = _birth is { } birth ? (birth with { Second = _second }).WithLast(transaction.Gtid) : _gtids?.ToString() ?? "";
                    parts.Reached = new BinaryLogPosition(_file, streamed.End.ToString(CultureInfo.InvariantCulture), gtids);
                }
            }

            if (!done)
            {
                use(new PartEvent(streamed, _gtid, transaction, _offset));
            }
        }

        private static BinaryLogPosition Parse(string? text) =>
            text is not null && BinaryLogPosition.Of(new LogPosition(text)) is { } position ? position : throw LogDamage.Of($"'{text}' is no position");
    }

    private string? DatabaseName => database;
}
