namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Writes what was streamed of one log file as a file that mariadb-binlog and mysqlbinlog read: the magic number, the description of the format,
/// then the events from where the stream began. From 4 to the end of a file that the server has closed, it is the server's file, byte by byte;
/// one that begins later has the description as the server sends it then, without the time of the server's start.
/// </summary>
internal sealed class BinaryLogFile(Stream output)
{
    /// <summary>Where the first event of a log file is.</summary>
    public const long FirstEvent = 4;

    private static readonly byte[] Magic = [0xFE, (byte)'b', (byte)'i', (byte)'n'];

    /// <summary>The log file's name; empty before the first event.</summary>
    public string File { get; private set; } = "";

    /// <summary>Where in the log file the first event is that was written.</summary>
    public long From { get; private set; } = FirstEvent;

    /// <summary>Where in the log file the last event ends that was written.</summary>
    public long To { get; private set; } = FirstEvent;

    /// <summary>How many bytes of the output are before <see cref="From"/>. Without them it continues one that was written up to there.</summary>
    public int LeadingBytes { get; private set; }

    /// <summary>Appends an event; what has no place in the file is passed over.</summary>
    /// <exception cref="ArgumentException">It is of another file, or does not go on where the last one ended.</exception>
    public void Append(StreamedEvent streamed)
    {
        bool describesFormat = streamed.Event.Type == EventType.FormatDescription;
        if (LeadingBytes == 0 && describesFormat)
        {
            Begin(streamed);
            return;
        }

        if (!streamed.IsInFile)
        {
            return;
        }

        if (describesFormat || streamed.File != File || streamed.Start != To)
        {
            throw new ArgumentException($"The event at {streamed.File}:{streamed.Start} does not go on from {File}:{To}.", nameof(streamed));
        }

        output.Write(streamed.Event.Bytes.Span);
        To = streamed.End;
    }

    private void Begin(StreamedEvent description)
    {
        output.Write(Magic);
        output.Write(description.Event.Bytes.Span);
        File = description.File;
        LeadingBytes = Magic.Length + (description.IsInFile ? 0 : description.Event.Length);
        From = description.Start;
        To = description.End;
    }
}
