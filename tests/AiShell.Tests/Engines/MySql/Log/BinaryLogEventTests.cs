using System.Text;
using AiShell.Engines.MySql.Log;

namespace AiShell.Tests.Engines.MySql.Log;

/// <summary>The bytes of real servers, MySQL's too.</summary>
public sealed class BinaryLogEventTests
{
    [Fact]
    public void A_header_says_what_and_where()
    {
        BinaryLogEvent statement = RecordedEvents.Read(RecordedEvents.MariaDbStatement);

        Assert.Equal((EventType.Query, 1u, 103, 470u, (ushort)0), (statement.Type, statement.ServerId, statement.Length, statement.NextPosition, statement.Flags));
        Assert.Equal(new DateTimeOffset(2026, 11, 27, 17, 1, 52, TimeSpan.Zero), DateTimeOffset.FromUnixTimeSeconds(statement.Second));
        Assert.False(statement.IsArtificial);
    }

    [Fact]
    public void A_statement_has_its_database_and_text()
    {
        LoggedStatement statement = LoggedStatement.Read(RecordedEvents.Read(RecordedEvents.MariaDbStatement));

        Assert.Equal(("", 0, true), (statement.Database, statement.ErrorNumber, statement.BackslashEscapes));
        Assert.Equal("CREATE USER tester@'%' IDENTIFIED BY 'x'", Encoding.UTF8.GetString(statement.Text));

        byte[] other = RecordedEvents.Statement("shop", "DROP TABLE é");
        other[8 + 1 + 2 + 2 + 6 + 2] = 0x10; // sql_mode NO_BACKSLASH_ESCAPES
        statement = LoggedStatement.Read(BinaryLogEvent.Read(RecordedEvents.Make(EventType.Query, other), LogChecksum.Crc32));
        Assert.Equal(("shop", false, "DROP TABLE é"), (statement.Database, statement.BackslashEscapes, Encoding.UTF8.GetString(statement.Text)));
    }

    [Fact]
    public void The_description_of_the_format_says_whether_there_are_checksums()
    {
        FormatDescription description = FormatDescription.Read(RecordedEvents.Read(RecordedEvents.Description));
        Assert.Equal(LogChecksum.Crc32, description.Checksum);
        Assert.StartsWith("10.11.", description.ServerVersion, StringComparison.Ordinal);
        Assert.EndsWith("-log", description.ServerVersion, StringComparison.Ordinal);

        byte[] inUse = RecordedEvents.Bytes(RecordedEvents.Description);
        inUse[17] = 1;
        Assert.Equal(description, FormatDescription.Read(BinaryLogEvent.Read(inUse, LogChecksum.None)));

        byte[] unknown = RecordedEvents.Bytes(RecordedEvents.Description);
        unknown[^5] = 7;
        Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(() => BinaryLogEvent.Read(unknown, LogChecksum.None)).Kind);
    }

    [Fact]
    public void GTIDs_of_MariaDB_and_their_list()
    {
        TransactionId transaction = TransactionId.Read(RecordedEvents.Read(RecordedEvents.MariaDbTransaction));
        Assert.Equal(("0-10124-9884", true, false, false), (transaction.Gtid, transaction.IsMariaDb, transaction.IsStandalone, transaction.IsDefinition));

        TransactionId definition = TransactionId.Read(RecordedEvents.Read(RecordedEvents.MariaDbDefinition));
        Assert.Equal(("0-10124-9883", true, true, true), (definition.Gtid, definition.IsMariaDb, definition.IsStandalone, definition.IsDefinition));

        Assert.Equal(["0-10124-3584"], GtidList.Read(RecordedEvents.Read(RecordedEvents.MariaDbList)));
    }

    [Fact]
    public void GTIDs_of_MySQL_with_their_times()
    {
        Assert.Equal(new TransactionId("", false, false, false, null), TransactionId.Read(RecordedEvents.Read(RecordedEvents.MySqlAnonymous)));
        Assert.Equal(new TransactionId("896e7882-18fe-11ef-ab88-22222d34d411:foobaz:1", false, false, false, 1739823289369365), TransactionId.Read(RecordedEvents.Read(RecordedEvents.MySqlTagged)));

        const string Uuid = "01020304-0506-0708-090a-0b0c0d0e0f10";
        Assert.Equal(($"{Uuid}:42", 1739823289369365), Of(RecordedEvents.MySqlGtid(42, 1739823289369365, null)));
        Assert.Equal(($"{Uuid}:4294967296", 1739823289369365), Of(RecordedEvents.MySqlGtid(1L << 32, 1739823289369365, 1739823000000001))); // not when it was made elsewhere
        Assert.Equal(($"{Uuid}:42", null), Of(RecordedEvents.MySqlGtid(42, 0, null)[..42])); // 5.7 ends after the logical clock
        Assert.Equal(($"{Uuid}:42", null), Of(RecordedEvents.MySqlGtid(42, 0, null)[..25])); // 5.6 before it
    }

    [Fact]
    public void Tables_and_the_next_file()
    {
        TableMap table = TableMap.Read(BinaryLogEvent.Read(RecordedEvents.Bytes(RecordedEvents.MariaDbInsert).AsMemory(93..137), LogChecksum.Crc32));
        Assert.Equal(new TableMap("a", "t"), table);

        byte[] rotate = RecordedEvents.Make(EventType.Rotate, [4, 0, 0, 0, 0, 0, 0, 0, .. "binlog.000002"u8]);
        Assert.Equal(new Rotation("binlog.000002", 4), Rotation.Read(BinaryLogEvent.Read(rotate, LogChecksum.Crc32)));
    }

    private static (string, long?) Of(byte[] body) =>
        TransactionId.Read(BinaryLogEvent.Read(RecordedEvents.Make(EventType.Gtid, body), LogChecksum.Crc32)) is var id ? (id.Gtid, id.Microsecond) : default;
}
