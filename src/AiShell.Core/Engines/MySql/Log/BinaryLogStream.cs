using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// The binary log as a server sends it to a replica (manuals, "COM_BINLOG_DUMP", "Replication Protocol"), from an exact position on, checked as
/// <see cref="EventSequence"/> does. Read by one thread, by blocking calls; the session serves nothing else any more.
/// </summary>
internal sealed class BinaryLogStream
{
    private const byte ComBinlogDump = 0x12;
    private const ushort NonBlocking = 1;
    private const ushort SendAnnotateRows = 2;
    private const byte EndOfStream = 0xFE;
    private const int LongestEnd = 9;
    private const int ReadErrorNumber = 1236;
    private const int SameReplicaNumber = 4052;

    private readonly MySqlSession _session;
    private readonly StreamRequest _request;
    private readonly EventBuffer _buffer;
    private readonly EventSequence _sequence;
    private LogFileBirth? _birth;

    private BinaryLogStream(MySqlSession session, StreamRequest request, LogCapture capture, LogChecksum checksum)
    {
        _session = session;
        _request = request;
        _buffer = new EventBuffer(session.Packets);
        _sequence = new EventSequence(request.From, checksum);
        Capture = capture;
        _birth = request.From.Birth;
    }

    /// <summary>What the server said of its log before the stream began.</summary>
    public LogCapture Capture { get; }

    /// <summary>The end of the last event: from here the log can be read on.</summary>
    public BinaryLogPosition Position => _sequence.Position;

    /// <summary>Asks for the log.</summary>
    /// <param name="session">Logged in with REPLICATION SLAVE and REPLICATION CLIENT (MariaDB: BINLOG MONITOR).</param>
    /// <exception cref="AiShellException">The log cannot be captured (<see cref="LogCapture"/>).</exception>
    /// <exception cref="ServerError">The user may not.</exception>
    /// <exception cref="ConnectionBroken">The connection ended.</exception>
    public static BinaryLogStream Open(MySqlSession session, StreamRequest request)
    {
        LogCapture capture = LogCapture.Ask(session);
        capture.Require(session, request.From);
        return new BinaryLogStream(session, request, capture, Ask(session, request));
    }

    /// <summary>When the file was begun that has this position (<see cref="LogFileBirth"/>).</summary>
    /// <exception cref="ServerError">The user may not ask, or the file is gone.</exception>
    public static uint ReadSecond(MySqlSession session, BinaryLogPosition at)
    {
        LogChecksum checksum = Ask(session, new StreamRequest(at.OffsetValue <= uint.MaxValue ? at : at with { Offset = "4" }, Follows: false));
        EventBuffer buffer = new(session.Packets);
        while (session.BeginAnswer() == 0)
        {
            var next = BinaryLogEvent.Read(buffer.Take(), checksum);
            if (next.Type == EventType.FormatDescription)
            {
                return next.Second;
            }
        }

        throw new ConnectionBroken($"the server does not describe its binary log {at.File}");
    }

    private static LogChecksum Ask(MySqlSession session, StreamRequest request)
    {
        LogChecksum checksum = Announce(session, request);
        session.Login.Socket.ReceiveTimeout = (int)request.Patience.TotalMilliseconds;

        byte[] file = Encoding.UTF8.GetBytes(request.From.File);
        byte[] command = new byte[1 + sizeof(uint) + sizeof(ushort) + sizeof(uint) + file.Length];
        command[0] = ComBinlogDump;
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(1), (uint)request.From.OffsetValue);
        BinaryPrimitives.WriteUInt16LittleEndian(command.AsSpan(5), (ushort)((request.Follows ? 0 : NonBlocking) | (session.Features.IsMariaDb ? SendAnnotateRows : 0)));
        BinaryPrimitives.WriteUInt32LittleEndian(command.AsSpan(7), request.ReplicaNumber);
        file.CopyTo(command, 11);
        session.Packets.StartCommand();
        session.Packets.Send(command);
        return checksum;
    }

    /// <summary>Waits for the next event; false where the log ended when the stream was opened, or later. A stream that follows never ends.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the log is damaged or has a gap; <see cref="ErrorKind.NotFound"/>: it was purged; <see cref="ErrorKind.Refused"/>: it cannot be replayed.</exception>
    /// <exception cref="ConnectionBroken">The connection ended, or the server ended the stream, before its end: it may be asked for again from <see cref="Position"/>.</exception>
    public bool Read(out StreamedEvent streamed)
    {
        streamed = default;
        int status;
        try
        {
            status = _session.BeginAnswer();
        }
        catch (ServerError error)
        {
            throw Translate(error);
        }

        if (status == EndOfStream && _session.Packets.IsWhole && _session.Packets.LeftInPacket < LongestEnd)
        {
            _session.Packets.Skip();
            RequireEnd();
            return false;
        }

        if (status != 0)
        {
            throw new InvalidDataException($"the server sends a packet of the unknown kind {status}");
        }

        streamed = _sequence.Take(_buffer.Take());
        RequireBirth(streamed);
        return true;
    }

    /// <summary>Says what a replica would (manuals, "Replica Registration"): that it knows checksums and, on MariaDB, GTIDs.</summary>
    /// <returns>What the first event ends with, which comes before the log's own description.</returns>
    private static LogChecksum Announce(MySqlSession session, StreamRequest request)
    {
        string[] names = session.Features.IsMariaDb ? ["master"] : ["master", "source"];
        string period = ((long)request.Heartbeat.TotalMilliseconds * 1_000_000).ToString(CultureInfo.InvariantCulture);
        string settings = string.Join(", ", names.Select(name => $"@{name}_binlog_checksum = @@global.binlog_checksum, @{name}_heartbeat_period = {period}"));
        session.Execute($"SET {settings}{(session.Features.IsMariaDb ? ", @mariadb_slave_capability = 4" : "")}");
        return session.Scalar("SELECT @master_binlog_checksum") == "CRC32" ? LogChecksum.Crc32 : LogChecksum.None;
    }

    /// <summary>A server that stops, or whose KILL meets the stream, says the same as one whose log ends.</summary>
    private void RequireEnd()
    {
        if (_request.Follows)
        {
            throw new ConnectionBroken($"the server ended the stream of its binary log at {Position.File}:{Position.Offset}");
        }

        if (BinaryLogPosition.Compare(Position, Capture.End) is null or < 0)
        {
            throw new ConnectionBroken($"the server ended the stream of its binary log at {Position.File}:{Position.Offset}, before its end at {Capture.End.File}:{Capture.End.Offset}");
        }
    }

    /// <summary>The first description is of the file that was asked for.</summary>
    private void RequireBirth(StreamedEvent streamed)
    {
        if (_birth is { } expected && streamed.Event.Type == EventType.FormatDescription)
        {
            _birth = null;
            LogCapture.RequireBirth(_request.From, expected with { Second = streamed.Event.Second });
        }
    }

    private Exception Translate(ServerError error)
    {
        if (error.Number == ReadErrorNumber && error.Message.StartsWith("Could not find first log", StringComparison.OrdinalIgnoreCase))
        {
            return LogCapture.Gone(_request.From, null, error);
        }

        return error.Number switch
        {
            ReadErrorNumber => new AiShellException(
                ErrorKind.Integrity, $"The server cannot read its binary log after {Position.File}:{Position.Offset}: {error.Message.TrimEnd('.')}.", "Make a new full backup, and look for the cause in the server's error log.", error),
            SameReplicaNumber => new ConnectionBroken($"another replica of the number {_request.ReplicaNumber} came", error),
            _ => error,
        };
    }
}
