using AiShell.Engines.Sqlite.Rows;

namespace AiShell.Engines.Sqlite;

/// <summary>Splits the reading of tables into shares of about equal size, so that several workers help with a big one.</summary>
internal static class TableRanges
{
    private const int MostShares = 64;

    /// <param name="shareBytes">Roughly the payload of one share.</param>
    /// <returns>Null for a whole table.</returns>
    public static (IReadOnlyList<RowidRange?> Ranges, long PayloadBytes) Split(
        SqliteSchema schema, SqliteTable table, PageReader readPages, long shareBytes)
    {
        BTreeShape shape = BTreeShape.Read(readPages, schema.PageSizeBytes, table.RootPage, 4 * MostShares);
        int shares = (int)Math.Clamp(shape.PayloadBytes / Math.Max(1, shareBytes), 1, MostShares);
        if (shares == 1 || table.RowidName is null || shape.Dividers.Count == 0)
        {
            return ([null], shape.PayloadBytes);
        }

        List<RowidRange?> ranges = [];
        long first = long.MinValue;
        for (int share = 1; share < shares; share++)
        {
            long last = shape.Dividers[(int)((long)share * shape.Dividers.Count / shares)];
            if (last >= first && last < long.MaxValue)
            {
                ranges.Add(new RowidRange(first, last));
                first = last + 1;
            }
        }

        ranges.Add(new RowidRange(first, long.MaxValue));
        return (ranges, shape.PayloadBytes);
    }
}
