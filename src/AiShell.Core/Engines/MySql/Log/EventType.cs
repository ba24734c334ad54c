namespace AiShell.Engines.MySql.Log;

/// <summary>The kinds of events that something here depends on (manuals, "Binlog Event Types"); all others are passed on as they are.</summary>
internal enum EventType : byte
{
    Query = 2,
    Stop = 3,
    Rotate = 4,
    IntegerVariable = 5,
    Load = 6,
    CreateFile = 8,
    AppendBlock = 9,
    ExecuteLoad = 10,
    DeleteFile = 11,
    NewLoad = 12,
    RandomSeed = 13,
    UserVariable = 14,
    FormatDescription = 15,
    Xid = 16,
    BeginLoadQuery = 17,
    ExecuteLoadQuery = 18,
    TableMap = 19,
    WriteRowsBeforeRelease = 20,
    UpdateRowsBeforeRelease = 21,
    DeleteRowsBeforeRelease = 22,
    WriteRowsV1 = 23,
    UpdateRowsV1 = 24,
    DeleteRowsV1 = 25,
    Incident = 26,
    Heartbeat = 27,
    WriteRows = 30,
    UpdateRows = 31,
    DeleteRows = 32,

    /// <summary>MySQL's.</summary>
    Gtid = 33,

    /// <summary>MySQL's, with gtid_mode OFF.</summary>
    AnonymousGtid = 34,
    XaPrepare = 38,
    PartialUpdateRows = 39,

    /// <summary>A whole transaction, compressed (MySQL 8.0.20, binlog_transaction_compression).</summary>
    TransactionPayload = 40,
    HeartbeatV2 = 41,

    /// <summary>MySQL 8.3's.</summary>
    TaggedGtid = 42,

    AnnotateRows = 160,
    BinaryLogCheckpoint = 161,
    MariaDbGtid = 162,
    MariaDbGtidList = 163,
    StartEncryption = 164,

    /// <summary>MariaDB's log_bin_compress.</summary>
    CompressedQuery = 165,
    CompressedWriteRowsV1 = 166,
    CompressedUpdateRowsV1 = 167,
    CompressedDeleteRowsV1 = 168,
    CompressedWriteRows = 169,
    CompressedUpdateRows = 170,
    CompressedDeleteRows = 171,
}

internal static class EventTypes
{
    public static bool IsRows(this EventType type) =>
        type is (>= EventType.WriteRowsBeforeRelease and <= EventType.DeleteRowsV1) or (>= EventType.WriteRows and <= EventType.DeleteRows)
            or EventType.PartialUpdateRows or (>= EventType.CompressedWriteRowsV1 and <= EventType.CompressedDeleteRows);

    /// <summary>Says that the server is alive, and where its log ends; it is in no file.</summary>
    public static bool IsHeartbeat(this EventType type) => type is EventType.Heartbeat or EventType.HeartbeatV2;

    /// <summary>Belongs to a change that is written as its statement, which need not do the same again.</summary>
    public static bool IsOfStatement(this EventType type) =>
        type is EventType.IntegerVariable or EventType.Load or (>= EventType.CreateFile and <= EventType.UserVariable) or EventType.BeginLoadQuery;
}
