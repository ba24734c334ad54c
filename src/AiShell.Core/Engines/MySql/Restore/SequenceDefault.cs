using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A column whose default asks a sequence: its name is kept with its database, which changes when the tables move (MariaDB).</summary>
internal sealed record SequenceDefault(string Database, string Table, string Column, string Expression)
{
    public string MovedTo(string target) =>
        $"ALTER TABLE {SqlText.Quote(target, Table)} ALTER COLUMN {SqlText.Quote(Column)} SET DEFAULT "
        + $"({Expression.Replace($"{SqlText.Quote(Database)}.", $"{SqlText.Quote(target)}.", StringComparison.Ordinal)})";

    public static IReadOnlyList<SequenceDefault> Of(MySqlSession session, string database) => !session.Features.HasSequences ? [] :
    [
        .. session.Query(
            $"SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND COLUMN_DEFAULT LIKE '%nextval(%' OR TABLE_SCHEMA = {SqlText.Literal(database)} AND COLUMN_DEFAULT LIKE '%lastval(%'")
            .Where(row => row[2]!.Contains($"{SqlText.Quote(database)}.", StringComparison.Ordinal))
            .Select(row => new SequenceDefault(database, row[0]!, row[1]!, row[2]!)),
    ];
}
