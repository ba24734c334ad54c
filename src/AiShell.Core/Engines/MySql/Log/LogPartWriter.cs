using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>Writes transactions as a binary log file that stock programs read: its beginning, a mark, transactions as the server has them, and with <see cref="End"/> a mark at the end.</summary>
internal sealed class LogPartWriter
{
    /// <summary>File extension of such a part, without dot.</summary>
    public const string Extension = "binlog";

    private static readonly byte[] Magic = [0xFE, (byte)'b', (byte)'i', (byte)'n'];

    private readonly Stream _output;
    private readonly LogMark _mark;
    private byte[] _description = [];
    private string _file = "";

    /// <param name="mark">Whose changes they are; where they begin is put into it.</param>
    public LogPartWriter(Stream output, LogMark mark, BinaryLogPosition from, byte[] description)
    {
        _output = output;
        _mark = mark with { From = from.ToLogPosition().Value, To = null };
        output.Write(Magic);
        Describe(description);
        EnterFile(from.File, from.OffsetValue);
        output.Write(_mark.ToEvent(Checksum));
    }

    private LogChecksum Checksum => FormatDescription.ChecksumOf(_description);

    public void Add(SelectedTransaction selected, TransactionBuffer events, byte[] description)
    {
        // Its second tells which file it is (LogFileBirth).
        if (!description.AsSpan(BinaryLogEvent.HeaderBytes).SequenceEqual(_description.AsSpan(BinaryLogEvent.HeaderBytes)) || !description.AsSpan(0, sizeof(uint)).SequenceEqual(_description.AsSpan(0, sizeof(uint))))
        {
            Describe(description);
        }

        if (selected.Transaction.File != _file)
        {
            EnterFile(selected.Transaction.File, selected.Transaction.Start);
        }

        events.CopyTo(_output);
    }

    public void End(BinaryLogPosition to) => _output.Write((_mark with { From = null, To = to.ToLogPosition().Value, DefaultEngine = null, TimeZone = null, LowerCaseTableNames = 0 }).ToEvent(Checksum));

    private void Describe(byte[] description)
    {
        _description = description;
        _output.Write(description);
    }

    private void EnterFile(string file, long offset)
    {
        _file = file;
        _output.Write(OwnEvent.Rotation(file, offset, Checksum));
    }
}
