using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Tests.Engines.MySql.Log;

/// <summary>What a server sends, event by event: what follows and what does not.</summary>
public sealed class EventSequenceTests
{
    private const ushort Artificial = 0x20;

    private readonly EventSequence _sequence = new(new BinaryLogPosition("b.000009", "100", ""), LogChecksum.Crc32);

    private StreamedEvent Take(EventType type, byte[] body, uint end, ushort flags = 0) => _sequence.Take(RecordedEvents.Make(type, body, end, flags));

    private StreamedEvent Xid(uint start) => Take(EventType.Xid, new byte[8], start + 31);

    private void Rotate(string file, byte offset, ushort flags = Artificial, uint end = 0) => Take(EventType.Rotate, [offset, 0, 0, 0, 0, 0, 0, 0, .. System.Text.Encoding.UTF8.GetBytes(file)], end, flags);

    [Fact]
    public void Events_follow_each_other_through_the_files()
    {
        Rotate("b.000009", 100);
        StreamedEvent first = Xid(100);
        Assert.Equal(("b.000009", 100, 131, true), (first.File, first.Start, first.End, first.IsInFile));
        Assert.False(Take(EventType.Heartbeat, [.. "b.000009"u8], 131).IsInFile);
        Rotate("b.000010", 4, 0, 131 + 19 + 8 + 8 + 4);
        Rotate("b.000010", 4);
        Assert.Equal("b.000010:4", $"{_sequence.Position.File}:{_sequence.Position.Offset}");
        StreamedEvent description = _sequence.Take(RecordedEvents.Bytes(RecordedEvents.Description));
        Assert.Equal((4, 256), (description.Start, description.End));

        Rotate("b.000012", 4); // the server had died; no number need be there
        Assert.Equal(4, Take(EventType.Xid, new byte[8], 35).Start);
    }

    [Theory]
    [InlineData(132)] // a byte is missing
    [InlineData(130)] // one too many
    [InlineData(0)]
    public void A_gap_is_damage_with_its_bounds(uint end)
    {
        AiShellException gap = Assert.Throws<AiShellException>(() => Take(EventType.Xid, new byte[8], end));
        Assert.Equal(ErrorKind.Integrity, gap.Kind);
        Assert.Contains("b.000009:100", gap.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b.000008", 4)]
    [InlineData("b.000009", 4)]
    [InlineData("c.000010", 4)]
    [InlineData("b.000010", 5)]
    [InlineData("b.000009", 101)]
    public void Another_file_than_the_next_is_damage(string file, byte offset) =>
        Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(() => Rotate(file, offset)).Kind);

    [Fact]
    public void After_a_file_that_names_the_next_only_that_one_comes()
    {
        Rotate("b.000010", 4, 0, 100 + 39);
        Assert.Throws<AiShellException>(() => Xid(139));
        Assert.Throws<AiShellException>(() => Rotate("b.000011", 4));
        Rotate("b.000010", 4);
    }

    [Fact]
    public void A_file_may_be_longer_than_its_positions()
    {
        EventSequence large = new(new BinaryLogPosition("b.1", (uint.MaxValue - 10L).ToString(System.Globalization.CultureInfo.InvariantCulture), ""), LogChecksum.Crc32);
        StreamedEvent over = large.Take(RecordedEvents.Make(EventType.Xid, new byte[8], unchecked(uint.MaxValue - 10 + 31)));
        Assert.Equal(uint.MaxValue - 10L + 31, over.End);
        Assert.Equal(over.End, large.Take(RecordedEvents.Make(EventType.Xid, new byte[8], unchecked((uint)over.End + 31))).Start);
    }

    [Fact]
    public void A_compressed_transaction_is_refused_by_name()
    {
        AiShellException refused = Assert.Throws<AiShellException>(() => Take(EventType.TransactionPayload, new byte[50], 173));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.Contains("compressed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_description_says_what_the_events_after_it_end_with()
    {
        byte[] without = RecordedEvents.Bytes(RecordedEvents.Description);
        without.AsSpan(13, 4).Clear();
        without[^5] = 0;
        Assert.False(_sequence.Take(without).IsInFile);
        StreamedEvent next = _sequence.Take(RecordedEvents.Make(EventType.Xid, new byte[8], 127, checksum: LogChecksum.None));
        Assert.Equal(127, next.End);
    }

    [Fact]
    public void A_file_takes_only_what_goes_on()
    {
        using MemoryStream output = new();
        BinaryLogFile file = new(output);
        file.Append(_sequence.Take(RecordedEvents.Make(EventType.FormatDescription, RecordedEvents.Bytes(RecordedEvents.Description)[19..^4])));
        StreamedEvent first = Xid(100);
        file.Append(first);
        Assert.Throws<ArgumentException>(() => file.Append(first));
        Assert.Equal((100, 131, 4 + 252), (file.From, file.To, file.LeadingBytes));
        Assert.Equal(4 + 252 + 31, output.Length);
    }
}
