using System.Globalization;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A table that stands in the target already.</summary>
/// <param name="EstimatedRows">The server's estimate.</param>
internal sealed record StandingTable(string Name, long EstimatedRows, bool HasRows)
{
    public bool Equals(StandingTable? other) => other?.Name == Name;

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"table {Name} (about {EstimatedRows:N0} rows)");

    /// <summary>Those of the given names that stand.</summary>
    public static IReadOnlyList<StandingTable> Find(MySqlSession session, string database, IEnumerable<TableName> names, TableNameCase nameCase)
    {
        HashSet<string> wanted = [.. names.Select(name => nameCase.Fold(name.Name))];
        return
        [
            .. session.Query($"SELECT TABLE_NAME, IFNULL(TABLE_ROWS, 0), TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {SqlText.Literal(database)} ORDER BY TABLE_NAME")
                .Where(row => wanted.Contains(nameCase.Fold(row[0]!)))
                .Select(row => row[2] == SourceObjects.View
                    ? throw new AiShellException(ErrorKind.Failed, $"'{row[0]}' is a view in '{database}', and a table in the backup.", "Drop the view first, or restore to another database with -d.")
                    : new StandingTable(
                        row[0]!,
                        long.Parse(row[1]!, CultureInfo.InvariantCulture),
                        session.Scalar($"SELECT 1 FROM {SqlText.Quote(database, row[0]!)} LIMIT 1") is not null)),
        ];
    }

    public TableScript ReadScript(MySqlSession session, string database)
    {
        session.Execute($"USE {SqlText.Quote(database)}");
        TableDefinition table = LostCharacters.Restore(session, TableDefinition.Parse(SourceCatalogue.Show(session, Name)));
        return TableScript.Build(table, database, RowKey.NameOf(table));
    }
}
