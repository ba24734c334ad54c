using System.Globalization;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Puts the events that a server sends in their places, and sees to it that none is missing: every event is whole, begins where the one before it
/// ended, and a file is followed by the one that it names.
/// </summary>
/// <param name="from">Where the first event must begin.</param>
/// <param name="checksum">What the events end with that come before the first description of a format.</param>
internal sealed class EventSequence(BinaryLogPosition from, LogChecksum checksum)
{
    private LogChecksum _checksum = checksum;
    private string _file = from.File;
    private long _end = from.OffsetValue;
    private string? _next;

    /// <summary>Where the last event ends.</summary>
    public BinaryLogPosition Position => new(_file, _end.ToString(CultureInfo.InvariantCulture), "");

    /// <param name="bytes">The next event.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is damaged, or not the one that follows; <see cref="ErrorKind.Refused"/>: it cannot be replayed.</exception>
    public StreamedEvent Take(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Place(BinaryLogEvent.Read(bytes, _checksum));
        }
        catch (AiShellException failure) when (failure.Kind == ErrorKind.Integrity)
        {
            throw new AiShellException(failure.Kind, $"{failure.Message} It is what comes after {_file}:{_end}.", failure.Hint, failure);
        }
    }

    /// <summary>Where the event is; it must be where the last one ended.</summary>
    private StreamedEvent Place(BinaryLogEvent next)
    {
        if (next.Type == EventType.Rotate && next.IsArtificial)
        {
            Enter(Rotation.Read(next));
        }
        else if (next.Type == EventType.FormatDescription)
        {
            _checksum = FormatDescription.Read(next).Checksum;
        }
        else if (next.Type == EventType.TransactionPayload)
        {
            throw LogCapture.Compressed($"at {_file}:{_end}");
        }

        // The description is sent again, as of no position, where the stream begins in the middle of a file.
        bool hasNoPosition = next.NextPosition == 0 && next.Type is EventType.FormatDescription or EventType.StartEncryption;
        if (next.IsArtificial || next.Type.IsHeartbeat() || hasNoPosition)
        {
            return new StreamedEvent(next, _file, _end, _end);
        }

        long start = _end;
        if (next.NextPosition != (uint)(start + next.Length) || _next is not null)
        {
            throw LogDamage.Of($"an event of {next.Length} bytes ends at {next.NextPosition}, so events are missing before it, or the log is not read from an event's beginning");
        }

        _end = start + next.Length;
        _next = next.Type == EventType.Rotate ? Rotation.Read(next).File : null;
        return new StreamedEvent(next, _file, start, _end);
    }

    /// <summary>The server announces each file, the first one too. A file that ends without naming the next one was left by a server that died or was stopped.</summary>
    private void Enter(Rotation rotation)
    {
        if (rotation.File == _file && rotation.Offset == _end && _next is null)
        {
            return;
        }

        BinaryLogPosition next = new(rotation.File, rotation.Offset.ToString(CultureInfo.InvariantCulture), "");
        if (rotation.Offset != BinaryLogFile.FirstEvent || (_next ?? rotation.File) != rotation.File || BinaryLogPosition.Compare(Position, next) is null or >= 0)
        {
            throw LogDamage.Of($"the server goes on with {rotation.File}:{rotation.Offset}{(_next is null ? "" : $", not with {_next}")}");
        }

        _file = rotation.File;
        _end = rotation.Offset;
        _next = null;
    }
}
