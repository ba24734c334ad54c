using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Finds values that an INSERT would not store again as they are: numbers in a TEXT column, text that reads as a number
/// in a numeric one, NULL in a NOT NULL column, another type than a STRICT table takes. SQLite itself never stores such
/// (https://sqlite.org/datatype3.html#type_affinity), but the declaration of a column can have been changed since by editing
/// sqlite_schema. Only page images keep them.
/// </summary>
internal sealed class StorageCheck : IDisposable
{
    private readonly SqliteTable _table;
    private readonly Affinity[] _affinities;
    private readonly bool[] _notNull;
    private readonly ValueKind?[] _strict;
    private readonly bool _needed;
    private SqliteConnection? _trial;

    public StorageCheck(SqliteTable table)
    {
        _table = table;
        int hidden = table.HasHiddenRowid ? 1 : 0;
        _affinities = new Affinity[hidden + table.StoredColumns.Count];
        _notNull = new bool[_affinities.Length];
        _strict = new ValueKind?[_affinities.Length];
        for (int column = 0; column < table.StoredColumns.Count; column++)
        {
            // A STRICT table refuses what it does not convert, and ANY converts nothing there.
            _affinities[hidden + column] = table.IsStrict || column == table.RowidColumn ? Affinity.None : ColumnAffinity.Of(table.StoredColumns[column].DeclaredType);
            _strict[hidden + column] = table.IsStrict ? StrictKindOf(table.StoredColumns[column].DeclaredType) : null;
            _notNull[hidden + column] = table.StoredColumns[column].IsNotNull && column != table.RowidColumn;
            _needed |= _affinities[hidden + column] != Affinity.None || _strict[hidden + column] is not null || _notNull[hidden + column];
        }
    }

    /// <exception cref="AiShellException">A value of the row would come back as another.</exception>
    public void Verify(ReadOnlySpan<byte> canonical)
    {
        if (!_needed)
        {
            return;
        }

        CanonicalValues values = new(canonical);
        for (int column = 0; values.Next(); column++)
        {
            if (values.Kind == ValueKind.Null ? _notNull[column] : _strict[column] is { } kind && values.Kind != kind)
            {
                throw OnlyPages(column, values.Kind, "does not let in");
            }

            if (IsDoubtful(_affinities[column], in values) && !ComesBack(column, in values))
            {
                throw OnlyPages(column, values.Kind, "would change");
            }
        }
    }

    /// <summary>The same of generated columns, whose values are made anew: SQLite then tests NOT NULL.</summary>
    /// <exception cref="AiShellException">A row could not come back.</exception>
    public static void VerifyGenerated(SqliteConnection connection, SqliteTable table)
    {
        foreach (SqliteColumn column in table.Columns.Where(column => column.IsGenerated && column.IsNotNull))
        {
            // SQLite takes IS NULL of a NOT NULL column for false without looking.
            using NativeStatement select = new(
                connection, $"SELECT 1 FROM main.{SqlName.Quote(table.Name.Name)} NOT INDEXED WHERE typeof({SqlName.Quote(column.Name)}) = 'null' LIMIT 1");
            if (select.Step())
            {
                throw OnlyPages(table, column.Name, ValueKind.Null, "does not let in");
            }
        }
    }

    public void Dispose() => _trial?.Dispose();

    private static ValueKind? StrictKindOf(string type) => type.ToUpperInvariant() switch
    {
        "INT" or "INTEGER" => ValueKind.Integer,
        "REAL" => ValueKind.Real,
        "TEXT" => ValueKind.Text,
        "BLOB" => ValueKind.Blob,
        _ => null,
    };

    private AiShellException OnlyPages(int column, ValueKind kind, string what) => OnlyPages(_table, _table.RowColumns.ElementAt(column), kind, what);

    private static AiShellException OnlyPages(SqliteTable table, string column, ValueKind kind, string what)
    {
        string value = kind switch
        {
            ValueKind.Null => "NULL",
            ValueKind.Text => "text",
            ValueKind.Blob => "a blob",
            _ => "a number",
        };
        return new AiShellException(
            ErrorKind.Failed,
            $"Column '{column}' of table '{table.Name.Name}' holds {value}, which its present declaration {what}; only page images keep it.",
            "Back this database up with --format native.");
    }

    private static bool IsDoubtful(Affinity affinity, in CanonicalValues value) => affinity switch
    {
        Affinity.None => false,
        Affinity.Text => value.Kind is ValueKind.Integer or ValueKind.Real,
        _ => value.Kind switch
        {
            ValueKind.Real => affinity == Affinity.Integer && Math.Truncate(value.Real) == value.Real && Math.Abs(value.Real) < 1e19,
            ValueKind.Text => ReadsAsNumber(value.Bytes),
            _ => false,
        },
    };

    private static bool ReadsAsNumber(ReadOnlySpan<byte> text)
    {
        text = text.Trim(" \t\n\v\f\r"u8);
        int at = Sign(text, 0);
        int digits = Digits(text, ref at);
        if (at < text.Length && text[at] == '.')
        {
            at++;
            digits += Digits(text, ref at);
        }

        if (digits > 0 && at < text.Length && text[at] is (byte)'e' or (byte)'E')
        {
            at = Sign(text, at + 1);
            digits = Digits(text, ref at);
        }

        return digits > 0 && at == text.Length;
    }

    private static int Sign(ReadOnlySpan<byte> text, int at) => at < text.Length && text[at] is (byte)'+' or (byte)'-' ? at + 1 : at;

    private static int Digits(ReadOnlySpan<byte> text, ref int at)
    {
        int first = at;
        while (at < text.Length && char.IsAsciiDigit((char)text[at]))
        {
            at++;
        }

        return at - first;
    }

    /// <summary>Has SQLite itself store the value in a column of this type.</summary>
    private unsafe bool ComesBack(int column, in CanonicalValues value)
    {
        if (_trial is null)
        {
            _trial = new SqliteConnection("Data Source=:memory:;Pooling=False");
            _trial.Open();
        }

        SqliteColumn declared = _table.StoredColumns[column - (_table.HasHiddenRowid ? 1 : 0)];
        using (NativeStatement create = new(_trial, $"CREATE TEMP TABLE trial(value {SqlName.Quote(declared.DeclaredType)})"))
        {
            create.Step();
        }

        bool same;
        using (NativeStatement insert = new(_trial, "INSERT INTO trial VALUES(?)"))
        {
            fixed (byte* pinned = value.Bytes)
            {
                insert.Check(NativeValue.Bind(insert.Handle, 1, in value));
                insert.Step();
            }
        }

        using (NativeStatement select = new(_trial, "SELECT value FROM trial"))
        {
            select.Step();
            same = value.Kind switch
            {
                ValueKind.Text => NativeSqlite.ColumnType(select.Handle, 0) == NativeSqlite.TypeText,
                ValueKind.Integer => NativeSqlite.ColumnType(select.Handle, 0) == NativeSqlite.TypeInteger,
                _ => NativeSqlite.ColumnType(select.Handle, 0) == NativeSqlite.TypeReal,
            };
        }

        using NativeStatement drop = new(_trial, "DROP TABLE trial");
        drop.Step();
        return same;
    }
}
