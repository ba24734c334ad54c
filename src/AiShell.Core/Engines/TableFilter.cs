using System.IO.Enumeration;

namespace AiShell.Engines;

/// <summary>
/// Which tables a job takes: those that match any include pattern (all, when there is none) and no exclude pattern.
/// A pattern is a glob (<c>*</c>, <c>?</c>) over the table's name or over <c>schema.name</c>; case counts.
/// </summary>
public sealed record TableFilter(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    public static readonly TableFilter Everything = new([], []);

    public bool TakesAll => Include.Count == 0 && Exclude.Count == 0;

    public bool Takes(TableName table) =>
        (Include.Count == 0 || Include.Any(pattern => Matches(pattern, table)))
        && !Exclude.Any(pattern => Matches(pattern, table));

    /// <summary>Patterns that match none of <paramref name="tables"/>: most often a typing error worth an error of its own.</summary>
    public IReadOnlyList<string> PatternsWithoutMatch(IReadOnlyCollection<TableName> tables) =>
        [.. Include.Concat(Exclude).Where(pattern => !tables.Any(table => Matches(pattern, table)))];

    private static bool Matches(string pattern, TableName table)
    {
        // MatchesSimpleExpression treats a backslash as an escape; in a table's name it is a letter.
        string expression = pattern.Replace("\\", "\\\\", StringComparison.Ordinal);
        return FileSystemName.MatchesSimpleExpression(expression, table.Name, ignoreCase: false)
            || (table.Schema.Length > 0 && FileSystemName.MatchesSimpleExpression(expression, table.ToString(), ignoreCase: false));
    }
}
