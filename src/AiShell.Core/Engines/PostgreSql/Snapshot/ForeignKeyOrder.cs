using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>
/// Tables in an order in which rows alone can be loaded into tables that have their foreign keys already, as psql loads them: each after
/// those it points to.
/// </summary>
/// <param name="Tables">All of them.</param>
/// <param name="Circle">
/// Tables that point to each other, or to themselves and are cut into several parts, for which there is no such order; empty where there are none.
/// </param>
internal sealed record ForeignKeyOrder(IReadOnlyList<SourceTable> Tables, IReadOnlyList<TableName> Circle)
{
    private const string Keys = "SELECT DISTINCT conrelid, confrelid FROM pg_constraint WHERE contype = 'f'";

    // Rows as text may take more than on disk; the keys of what is in one part are checked after its last row.
    private const int TextOnDisk = 4;

    public static ForeignKeyOrder Of(WireSession session, IReadOnlyList<SourceTable> tables, long partBytes)
    {
        HashSet<string> known = [.. tables.Select(table => table.Oid)];
        string?[][] keys = [.. session.Query(Keys).Where(row => known.Contains(row[1]!))];
        ILookup<string, string> needs = keys.Where(row => row[0] != row[1]).ToLookup(row => row[0]!, row => row[1]!);
        HashSet<string> toThemselves = [.. keys.Where(row => row[0] == row[1]).Select(row => row[0]!)];
        List<SourceTable> ordered = [];
        List<SourceTable> left = [.. tables];
        HashSet<string> done = [];
        List<TableName> circle = [.. tables.Where(table => toThemselves.Contains(table.Oid) && table.SizeBytes * TextOnDisk > partBytes).Select(table => table.Name)];
        while (left.Count > 0)
        {
            SourceTable[] ready = [.. left.Where(table => needs[table.Oid].All(done.Contains))];
            if (ready.Length == 0)
            {
                circle = [.. circle.Union(left.Select(table => table.Name))];
                ready = [.. left];
            }

            ordered.AddRange(ready);
            done.UnionWith(ready.Select(table => table.Oid));
            left.RemoveAll(table => done.Contains(table.Oid));
        }

        return new ForeignKeyOrder(ordered, circle);
    }
}
