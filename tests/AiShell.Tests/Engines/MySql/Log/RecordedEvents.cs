using System.Buffers.Binary;
using System.IO.Hashing;
using AiShell.Engines.MySql.Log;

namespace AiShell.Tests.Engines.MySql.Log;

/// <summary>Events as servers wrote them, and others made in the same form.</summary>
internal static class RecordedEvents
{
    /// <summary>MariaDB 10.11: the description of a format with checksums, from 4 to 256.</summary>
    public const string Description =
        "7fb7096b0f01000000fc000000000100000000040031302e31312e31392d4d6172696144422d302b646562313275312d6c6f6700000000000000000000000000000000000000007fb7096b13380d000800120004040404120000e400041a08000000080808020000000a0a0a0000000000000a0a0a0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000041304000d0808080a0a0a01cdfcaa38";

    /// <summary>MariaDB 10.11: INSERT INTO t VALUES (1,'x') in the database a, from 1202 to 1411: GTID 0-1-7, its text, the table, a row, Xid.</summary>
    public const string MariaDbInsert =
        "80b7096ba2010000002a000000dc04000008000700000000000000000000000c0000000000006d90c1fb80b7096ba001000000330000000f0500000000494e5345525420494e544f20742056414c5545532028312c27782729d3e83b88"
        + "80b7096b13010000002c0000003b0500000000120000000000010001610001740002030f02e803025b5eb11680b7096b17010000002900000064050000000012000000000001000203fc010000000100784d1cd96e"
        + "80b7096b10010000001f0000008305000000000b0000000000000050b78581";

    /// <summary>MariaDB's manual, "GTID_EVENT".</summary>
    public const string MariaDbTransaction = "ecd5265aa28c2700002a0000008c02000008009c26000000000000000000000c00000000000037d3c823";
    public const string MariaDbDefinition = "ebcc265aa28c2700002a0000001702000008009b2600000000000000000000290000000000008e669a30";

    /// <summary>MariaDB's manual, "GTID_LIST_EVENT".</summary>
    public const string MariaDbList = "a4859e59a38c2700002b00000024010000000001000000000000008c270000000e000000000000a8f0d8b6";

    /// <summary>MariaDB 10.11: CREATE USER tester@'%' IDENTIFIED BY 'x', from 367 to 470.</summary>
    public const string MariaDbStatement =
        "80b7096b020100000067000000d6010000000005000000000000000000001a0000000000010100002054000000000603737464042100210008000043524541544520555345522074657374657240272527204944454e54494649454420425920277827fb6ace2e";

    /// <summary>mysqlbinlog --hexdump of MySQL 5.7.30.</summary>
    public const string MySqlAnonymous = "963a075f220100000041000000db000000000001000000000000000000000000000000000000000000000000020000000000000000" + "0100000000000000bcba994f";

    /// <summary>mysqlbinlog --hexdump of MySQL 9: 896e7882-18fe-11ef-ab88-22222d34d411:foobaz:1, committed at 1739823289369365.</summary>
    public const string MySqlTagged =
        "b998b3672a0100000052000000f000000000000276000002022502dcf0090230f90322bd03ad02210244445a685103220404060c666f6f62617a08000a040c7f1583222d5c2e0610490312c3020bef396cce";

    public static byte[] Bytes(string digits) => Convert.FromHexString(digits);

    public static BinaryLogEvent Read(string digits) => BinaryLogEvent.Read(Bytes(digits), LogChecksum.Crc32);

    /// <summary>An event with a checksum, of server 1, that ends at a position.</summary>
    public static byte[] Make(EventType type, byte[] body, uint end = 0, ushort flags = 0, LogChecksum checksum = LogChecksum.Crc32)
    {
        int length = BinaryLogEvent.HeaderBytes + body.Length + (checksum == LogChecksum.Crc32 ? BinaryLogEvent.ChecksumBytes : 0);
        byte[] bytes = new byte[length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 1_700_000_000);
        bytes[4] = (byte)type;
        bytes[5] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(13), end);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(17), flags);
        body.CopyTo(bytes, BinaryLogEvent.HeaderBytes);
        if (checksum == LogChecksum.Crc32)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(length - 4), Crc32.HashToUInt32(bytes.AsSpan(0, length - 4)));
        }

        return bytes;
    }

    /// <summary>The body of a statement's event.</summary>
    public static byte[] Statement(string database, string text) =>
    [
        .. new byte[8], (byte)database.Length, 0, 0, 14, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
        .. System.Text.Encoding.UTF8.GetBytes(database), 0, .. System.Text.Encoding.UTF8.GetBytes(text),
    ];

    public static byte[] Table(string database, string table) =>
        [.. new byte[8], (byte)database.Length, .. System.Text.Encoding.UTF8.GetBytes(database), 0, (byte)table.Length, .. System.Text.Encoding.UTF8.GetBytes(table), 0, 0];

    /// <summary>MySQL 8's body of a GTID event (its manual, "Gtid_event"): flags, UUID, number, 2, logical clock, time of the commit here, there, length, versions.</summary>
    public static byte[] MySqlGtid(long number, ulong here, ulong? there)
    {
        byte[] number8 = BitConverter.GetBytes(number);
        byte[] here7 = BitConverter.GetBytes(here | (there is null ? 0 : 1UL << 55))[..7];
        byte[] there7 = there is null ? [] : BitConverter.GetBytes(there.Value)[..7];
        return [0, .. Enumerable.Range(1, 16).Select(part => (byte)part), .. number8, 2, .. new byte[16], .. here7, .. there7, 0xFC, 0x00, 0x01, 0xA4, 0x38, 0x01, 0x00];
    }
}
