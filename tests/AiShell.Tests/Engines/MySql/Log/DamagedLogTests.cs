using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using CsCheck;

namespace AiShell.Tests.Engines.MySql.Log;

/// <summary>Whatever is wrong with a log's bytes, it is an error of the kind Integrity and no other.</summary>
public sealed class DamagedLogTests
{
    private static readonly BinaryLogPosition Start = new("binlog.000001", "1202", "");
    private static readonly byte[] Transaction = RecordedEvents.Bytes(RecordedEvents.MariaDbInsert);
    private static readonly string[] Recorded =
    [
        RecordedEvents.Description, RecordedEvents.MariaDbTransaction, RecordedEvents.MariaDbDefinition, RecordedEvents.MariaDbList, RecordedEvents.MariaDbStatement, RecordedEvents.MySqlAnonymous, RecordedEvents.MySqlTagged,
    ];

    [Fact]
    public void A_whole_transaction_is_read() => Assert.Equal("0-1-7 a 1202-1411", Follow(Transaction));

    [Fact]
    public void A_byte_that_changed_is_found() => Gen.Int[0, Transaction.Length - 1].Select(Gen.Byte[1, 255]).Sample((at, change) =>
    {
        byte[] damaged = [.. Transaction];
        damaged[at] ^= change;
        IsDamage(() => Follow(damaged));
    });

    [Fact]
    public void Bytes_that_are_missing_are_found() => Gen.Int[0, Transaction.Length - 1].Select(Gen.Int[1, Transaction.Length]).Sample((at, count) =>
    {
        byte[] cut = [.. Transaction[..at], .. Transaction[Math.Min(at + count, Transaction.Length)..]];
        if (at + count >= Transaction.Length && Boundaries().Contains(at))
        {
            Assert.Null(Follow(cut)); // nothing but shorter
        }
        else
        {
            IsDamage(() => Follow(cut));
        }
    });

    /// <summary>Without checksums only the lengths within an event can tell; they must, and nothing else may happen.</summary>
    [Fact]
    public void A_body_that_is_cut_short_or_not_what_it_should_be_is_no_other_error()
    {
        EventType[] types =
        [
            EventType.Query, EventType.CompressedQuery, EventType.ExecuteLoadQuery, EventType.Rotate, EventType.TableMap, EventType.MariaDbGtid, EventType.MariaDbGtidList, EventType.Gtid, EventType.AnonymousGtid, EventType.TaggedGtid,
            EventType.FormatDescription, EventType.XaPrepare,
        ];
        Gen.Int[0, types.Length - 1].Select(index => types[index]).Select(Gen.Byte.Array[0, 100]).Sample((type, body) => MayBeDamage(() => ReadBody(RecordedEvents.Make(type, body, checksum: LogChecksum.None))));
        Gen.Int[0, Recorded.Length - 1].Select(index => Recorded[index]).Select(Gen.Int[0, 300]).Sample((recorded, left) =>
        {
            byte[] whole = RecordedEvents.Bytes(recorded);
            byte[] cut = whole[..Math.Clamp(left, BinaryLogEvent.HeaderBytes, whole.Length)];
            BitConverter.TryWriteBytes(cut.AsSpan(9), cut.Length);
            MayBeDamage(() => ReadBody(cut));
        });
    }

    [Fact]
    public void Bodies_without_what_they_need_are_damage()
    {
        foreach (string recorded in Recorded)
        {
            byte[] whole = RecordedEvents.Bytes(recorded);
            byte[] cut = whole[..(BinaryLogEvent.HeaderBytes + 3)];
            BitConverter.TryWriteBytes(cut.AsSpan(9), cut.Length);
            IsDamage(() => ReadBody(cut));
        }
    }

    /// <summary>Reads all events as a stream from 1202 on; what the cut says of them.</summary>
    private static string? Follow(byte[] bytes)
    {
        EventSequence sequence = new(Start, LogChecksum.Crc32);
        TransactionCut cut = new();
        string? told = null;
        for (int at = 0; at < bytes.Length;)
        {
            int length = bytes.Length - at >= BinaryLogEvent.HeaderBytes ? BitConverter.ToInt32(bytes, at + 9) : 0;
            int taken = length < BinaryLogEvent.HeaderBytes || length > bytes.Length - at ? bytes.Length - at : length;
            if (cut.Feed(sequence.Take(bytes.AsMemory(at, taken))) is { } transaction)
            {
                told += $"{transaction.Gtid} {string.Join(',', transaction.Databases)} {transaction.Start}-{transaction.End}";
            }

            at += taken;
        }

        return told;
    }

    private static HashSet<int> Boundaries()
    {
        HashSet<int> boundaries = [0];
        for (int at = 0; at < Transaction.Length; boundaries.Add(at))
        {
            at += BitConverter.ToInt32(Transaction, at + 9);
        }

        return boundaries;
    }

    private static void ReadBody(byte[] bytes)
    {
        BinaryLogEvent read = BinaryLogEvent.Read(bytes, LogChecksum.None);
        switch (read.Type)
        {
            case EventType.FormatDescription:
                FormatDescription.Read(read);
                break;
            case EventType.Rotate:
                Rotation.Read(read);
                break;
            case EventType.TableMap:
                TableMap.Read(read);
                break;
            case EventType.MariaDbGtidList:
                GtidList.Read(read);
                break;
            case EventType.Query or EventType.CompressedQuery or EventType.ExecuteLoadQuery:
                LoggedStatement.Read(read);
                break;
            case EventType.XaPrepare:
                new BodyReader(read).Byte();
                break;
            default:
                TransactionId.Read(read);
                break;
        }
    }

    private static void IsDamage(Action read) => Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(read).Kind);

    private static void MayBeDamage(Action read)
    {
        try
        {
            read();
        }
        catch (AiShellException damage)
        {
            Assert.Equal(ErrorKind.Integrity, damage.Kind);
        }
    }
}
