namespace AiShell.Engines.MySql.Log;

/// <summary>The event that a transaction begins with.</summary>
/// <param name="Gtid">As the server prints it: <c>0-1-42</c> (MariaDB), <c>uuid:42</c>, <c>uuid:tag:42</c> (MySQL); empty where it gives none.</param>
/// <param name="IsMariaDb">The transaction's extent is in its flags; else it follows from its first statement.</param>
/// <param name="IsStandalone">MariaDB: the one statement after it is the transaction.</param>
/// <param name="IsDefinition">MariaDB: it defines something (DDL).</param>
/// <param name="Microsecond">MySQL 8: when this server was about to write it to its log, since 1970; null elsewhere.</param>
internal sealed record TransactionId(string Gtid, bool IsMariaDb, bool IsStandalone, bool IsDefinition, long? Microsecond)
{
    private const int Standalone = 1;
    private const int Definition = 32;

    public static bool Begins(EventType type) => type is EventType.MariaDbGtid or EventType.Gtid or EventType.AnonymousGtid or EventType.TaggedGtid;

    public static TransactionId Read(BinaryLogEvent from) => from.Type switch
    {
        EventType.MariaDbGtid => OfMariaDb(from),
        EventType.TaggedGtid => TaggedGtid.Read(from),
        _ => OfMySql(from),
    };

    public static TransactionId OfMySql(string gtid, long? microsecond) => new(gtid, false, false, false, microsecond);

    /// <summary>MariaDB, "GTID_EVENT". What its flags announce behind them (commit id, XID) is of no interest.</summary>
    private static TransactionId OfMariaDb(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        ulong sequence = body.UInt64();
        uint domain = body.UInt32();
        int flags = body.Byte();
        return new TransactionId($"{domain}-{from.ServerId}-{sequence}", true, (flags & Standalone) != 0, (flags & Definition) != 0, null);
    }

    /// <summary>MySQL, "Gtid_event": flags, the server's UUID, number, logical clock; from 8.0.1 on the time of the commit here. What follows, when and by which version it was made elsewhere, is of no interest.</summary>
    private static TransactionId OfMySql(BinaryLogEvent from)
    {
        const byte LogicalClock = 2;
        const int ClockBytes = 2 * sizeof(ulong);
        const int TimeBytes = 7;
        const ulong OriginalFollows = 1UL << 55;

        BodyReader body = new(from);
        body.Skip(1);
        Guid server = new(body.Bytes(16), bigEndian: true);
        ulong number = body.UInt64();
        string gtid = from.Type == EventType.AnonymousGtid ? "" : $"{server}:{number}";
        if (body.Left == 0 || body.Byte() != LogicalClock)
        {
            return OfMySql(gtid, null);
        }

        body.Skip(ClockBytes);
        if (body.Left < TimeBytes)
        {
            return OfMySql(gtid, null);
        }

        return OfMySql(gtid, (long)(body.UInt56() & ~OriginalFollows));
    }
}
