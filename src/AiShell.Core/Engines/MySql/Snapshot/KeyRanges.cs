using System.Globalization;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// Cuts a table into ranges of the key that its rows are stored by, by halves. Where the middle is is guessed with the optimizer's help,
/// which looks into the index to estimate the rows on both sides; any cut is right, since its sides are each other's opposite.
/// </summary>
internal sealed class KeyRanges
{
    private const double Balance = 0.25; // of a range: a side may be so much smaller than the other

    private readonly MySqlSession _session;
    private readonly KeyColumn[] _columns;
    private readonly string _source;
    private readonly string _hint;

    private KeyRanges(MySqlSession session, DefinedTable table, TableElement key, KeyColumn[] columns)
    {
        _session = session;
        _columns = columns;
        _hint = $"FORCE INDEX ({SqlText.Quote(key.Name)})";
        _source = $"{SqlText.Quote(table.Name)} {_hint}";
    }

    /// <summary>What follows the table's name in the SELECTs that read it, together all of it; one empty text where it cannot be cut.</summary>
    /// <param name="session">Within the moment.</param>
    /// <param name="ranges">About so many.</param>
    public static IReadOnlyList<string> Cut(MySqlSession session, DefinedTable table, int ranges)
    {
        if (ranges < 2 || RowKey.Of(table.Definition) is not { } key || !RowKey.IsOfWholeColumns(key))
        {
            return [""];
        }

        KeyColumn[] columns =
        [
            .. key.Columns.Select(name => table.Source.Columns.FirstOrDefault(column => column.Name == name))
                .Select(column => column is null ? null : KeyColumn.Of(column))
                .TakeWhile(column => column is not null).OfType<KeyColumn>(),
        ];
        return columns.Length == 0 ? [""] : [.. new KeyRanges(session, table, key, columns).Halve(null, null, ranges)];
    }

    /// <param name="from">Literals of the key's first columns; null for the beginning.</param>
    /// <param name="to">Excluded; null for the end.</param>
    private IEnumerable<string> Halve(string[]? from, string[]? to, int ranges)
    {
        string[] middle = ranges < 2 ? [] : FindMiddle(from, to);
        if (middle.Length == 0 || !IsBetween(from, middle, to))
        {
            string all = Within(from, to);
            return [all.Length > 0 ? $"{_hint} WHERE {all}" : ""];
        }

        return Halve(from, middle, ranges / 2).Concat(Halve(middle, to, ranges - (ranges / 2)));
    }

    /// <summary>The first columns of a key that about half of the range is below; none where one key has nearly all of it.</summary>
    private string[] FindMiddle(string[]? from, string[]? to)
    {
        List<string> middle = [];
        string same = "";
        foreach (KeyColumn column in _columns)
        {
            string name = SqlText.Quote(column.Name);
            if (_session.Query($"SELECT {column.Shown($"MIN({name})")}, {column.Shown($"MAX({name})")} FROM {_source}{(same.Length > 0 ? $" WHERE {same}" : "")}") is not [[{ } least, { } most]])
            {
                break;
            }

            middle.Add(column.Search(least, most, literal => Measure(from, [.. middle, literal], to) is var sides && sides.Below <= sides.Above));
            (double below, double above) = Measure(from, [.. middle], to);
            if (Math.Min(below, above) >= Balance * (below + above))
            {
                return [.. middle];
            }

            same = $"{(same.Length > 0 ? $"{same} AND " : "")}{name} = {middle[^1]}";
        }

        return [];
    }

    private (double Below, double Above) Measure(string[]? from, string[] middle, string[]? to) => (Estimate(Within(from, middle)), Estimate(Within(middle, to)));

    /// <summary>An order that was only guessed would read rows twice. Workers see the same rows as we do.</summary>
    private bool IsBetween(string[]? from, string[] middle, string[]? to) =>
        (from is null || !Exists($"{Below(from)} AND {NotBelow(middle)}")) && (to is null || !Exists($"{NotBelow(to)} AND {Below(middle)}"));

    private bool Exists(string condition) => _session.Scalar($"SELECT 1 FROM {_source} WHERE {condition} LIMIT 1") is not null;

    private static string Join(params string[] conditions) => string.Join(" AND ", conditions.Where(condition => condition.Length > 0));

    private string Within(string[]? from, string[]? to) => Join(from is null ? "" : NotBelow(from), to is null ? "" : Below(to));

    private string Below(string[] cut) => Compare(cut, "<", "<");

    private string NotBelow(string[] cut) => Compare(cut, ">", ">=");

    /// <summary>By columns: (a &gt; 1 OR (a = 1 AND b &gt;= 2)), which the optimizer reads as a range of the key.</summary>
    private string Compare(string[] cut, string strictly, string last)
    {
        string condition = $"{SqlText.Quote(_columns[cut.Length - 1].Name)} {last} {cut[^1]}";
        for (int column = cut.Length - 2; column >= 0; column--)
        {
            string name = SqlText.Quote(_columns[column].Name);
            condition = $"({name} {strictly} {cut[column]} OR ({name} = {cut[column]} AND {condition}))";
        }

        return condition;
    }

    private double Estimate(string condition) => EstimateRows(_session, $"SELECT 1 FROM {_source} WHERE {condition}");

    /// <summary>How many rows the optimizer takes a SELECT of one table to look at.</summary>
    internal static double EstimateRows(MySqlSession session, string select)
    {
        // The column rows. MySQL has partitions before it in any case, and a setting that makes a tree the usual form.
        (string explain, int rows) = session.Features.IsMariaDb ? ("EXPLAIN", 8) : ("EXPLAIN FORMAT=TRADITIONAL", 9);
        string? estimate = session.Query($"{explain} {select}")[0][rows];
        return estimate is null ? 0 : double.Parse(estimate, CultureInfo.InvariantCulture);
    }
}
