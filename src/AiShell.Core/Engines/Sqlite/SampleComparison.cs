using System.Globalization;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>Finds sampled rows in a database again and compares them value by value.</summary>
internal static class SampleComparison
{
    private const int LongestValue = 60;

    public static IReadOnlyList<string> Run(string path, IReadOnlyList<SampledRow> rows, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Reader, lockWait);
        SnapshotPinning.BeginRead(connection);
        SqliteSchema schema = SqliteSchema.Read(connection);
        List<string> differences = [];
        foreach (IGrouping<TableName, SampledRow> sample in rows.GroupBy(row => row.Table))
        {
            if (schema.Find(sample.Key.Name) is not { IsVirtual: false } table)
            {
                differences.Add($"{sample.Key}: there is no such table");
                continue;
            }

            int[] key = KeyOf(table);
            Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> find = table.RowidName is not null
                ? row => FindByRowid(connection, schema, table, key[0], row)
                : FindByScan(connection, schema, table, key, sample, cancellationToken);
            foreach (SampledRow row in sample)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Compare(table, key, row.Canonical, find(row.Canonical), differences);
            }
        }

        return differences;
    }

    /// <summary>Positions of the key in the canonical row; all of them where a table shows no key.</summary>
    private static int[] KeyOf(SqliteTable table)
    {
        if (table.RowidName is not null)
        {
            return [Math.Max(table.RowidColumn, 0)];
        }

        int[] key = [.. Enumerable.Range(0, table.StoredColumns.Count).Where(column => table.IsWithoutRowid && table.StoredColumns[column].KeyPosition > 0)];
        return key.Length > 0 ? key : [.. Enumerable.Range(0, table.StoredColumns.Count)];
    }

    private static ReadOnlyMemory<byte>? FindByRowid(
        SqliteConnection connection, SqliteSchema schema, SqliteTable table, int key, ReadOnlyMemory<byte> row)
    {
        long rowid = (long)CanonicalRow.Decode(row.Span)[key]!;
        using TableScan scan = new(connection, schema, table, new RowidRange(rowid, rowid));
        return scan.Next() ? scan.Row.ToArray() : null;
    }

    /// <summary>Reads the table once and keeps what has the key of a sampled row.</summary>
    private static Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> FindByScan(
        SqliteConnection connection, SqliteSchema schema, SqliteTable table, int[] key, IEnumerable<SampledRow> sample, CancellationToken cancellationToken)
    {
        HashSet<string> wanted = [.. sample.Select(row => KeyText(row.Canonical.Span, key))];
        Dictionary<string, ReadOnlyMemory<byte>> found = [];
        using TableScan scan = new(connection, schema, table);
        while (scan.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            string text = KeyText(scan.Row, key);
            if (wanted.Contains(text))
            {
                found[text] = scan.Row.ToArray();
            }
        }

        return row => found.TryGetValue(KeyText(row.Span, key), out ReadOnlyMemory<byte> same) ? same : null;
    }

    private static void Compare(SqliteTable table, int[] key, ReadOnlyMemory<byte> expected, ReadOnlyMemory<byte>? found, List<string> differences)
    {
        if (found is { } same && same.Span.SequenceEqual(expected.Span))
        {
            return;
        }

        string[] columns = [.. table.RowColumns];
        IReadOnlyList<object?> want = CanonicalRow.Decode(expected.Span);
        string name = $"{table.Name} {string.Join(", ", key.Select(column => $"{ColumnName(columns, column)} {Show(want[column])}"))}";
        if (found is null)
        {
            differences.Add($"{name}: the row is missing");
            return;
        }

        IReadOnlyList<object?> have = CanonicalRow.Decode(found.Value.Span);
        IEnumerable<string> values = Enumerable.Range(0, Math.Max(want.Count, have.Count))
            .Where(column => column >= want.Count || column >= have.Count || Exact(want[column]) != Exact(have[column]))
            .Select(column => $"{ColumnName(columns, column)} is {(column < have.Count ? Show(have[column]) : "missing")}, expected {(column < want.Count ? Show(want[column]) : "nothing")}");
        string described = string.Join("; ", values);
        differences.Add($"{name}: {(described.Length > 0 ? described : "bytes of a text differ")}");
    }

    private static string ColumnName(string[] columns, int column) => column < columns.Length ? columns[column] : $"column {column + 1}";

    private static string KeyText(ReadOnlySpan<byte> row, int[] key)
    {
        IReadOnlyList<object?> values = CanonicalRow.Decode(row);
        return string.Join('\u001F', key.Select(column => column < values.Count ? Exact(values[column]) : "?"));
    }

    private static string Exact(object? value) => value switch
    {
        null => "n",
        long integer => "i" + integer.ToString(CultureInfo.InvariantCulture),
        double real => "r" + BitConverter.DoubleToInt64Bits(real).ToString(CultureInfo.InvariantCulture),
        byte[] bytes => "b" + Convert.ToHexString(bytes),
        _ => "t" + value,
    };

    private static string Show(object? value)
    {
        string text = value switch
        {
            null => "NULL",
            double real => real.ToString("R", CultureInfo.InvariantCulture),
            byte[] bytes => $"x'{Convert.ToHexStringLower(bytes)}'",
            string some => $"'{some}'",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
        return text.Length > LongestValue ? text[..LongestValue] + "…" : text;
    }
}
