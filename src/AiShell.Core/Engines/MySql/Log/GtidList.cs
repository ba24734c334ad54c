namespace AiShell.Engines.MySql.Log;

/// <summary>MariaDB's "GTID_LIST_EVENT": what the files before this one hold.</summary>
internal static class GtidList
{
    private const uint CountBits = 0x0FFF_FFFF;
    private const int EntryBytes = 16;

    /// <returns>By domain the last one last, as <c>0-1-42</c>.</returns>
    public static IReadOnlyList<string> Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        uint count = body.UInt32() & CountBits;
        if (count > body.Left / EntryBytes)
        {
            throw LogDamage.Of($"the list of GTIDs that ends at {from.NextPosition} is cut short");
        }

        List<string> gtids = [];
        for (uint entry = 0; entry < count; entry++)
        {
            uint domain = body.UInt32();
            uint server = body.UInt32();
            gtids.Add($"{domain}-{server}-{body.UInt64()}");
        }

        return gtids;
    }
}
