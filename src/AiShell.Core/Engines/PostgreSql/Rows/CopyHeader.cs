using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>The statement before the rows of a part of the sql format.</summary>
internal static class CopyHeader
{
    private const string After = "FROM stdin;";

    public static string Of(TableName table, IReadOnlyList<string> columns) => $"COPY {SqlText.Quote(LargeObjects.Destination(table))} {List(columns)}{After}\n";

    /// <summary>The columns in parentheses with a space after them; nothing for a table that has none.</summary>
    public static string List(IReadOnlyList<string> columns) => columns.Count > 0 ? $"({string.Join(", ", columns.Select(SqlText.Quote))}) " : "";

    /// <summary>The columns that a header names; it must be one of ours to the last character.</summary>
    /// <exception cref="InvalidDataException">It is not, or it is of another table.</exception>
    public static IReadOnlyList<string> Parse(TableName table, string statement)
    {
        List<string> columns = [];
        string before = $"COPY {SqlText.Quote(LargeObjects.Destination(table))} ";
        for (int at = before.Length + 1; at < statement.Length && statement[at] == '"';)
        {
            StringBuilder name = new();
            for (at++; at < statement.Length && (statement[at] != '"' || (at + 1 < statement.Length && statement[at + 1] == '"')); at++)
            {
                at += statement[at] == '"' ? 1 : 0;
                name.Append(statement[at]);
            }

            columns.Add(name.ToString());
            at += 1 + ", ".Length;
        }

        return statement == Of(table, columns) ? columns : throw new InvalidDataException($"it does not begin with rows of '{table}'");
    }
}
