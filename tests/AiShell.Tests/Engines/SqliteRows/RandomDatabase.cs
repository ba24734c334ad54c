using System.Globalization;
using AiShell.Engines.Sqlite.Rows;
using CsCheck;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>Generates databases as lists of statements: schemas with nasty names, and rows with every kind of value.</summary>
internal static class RandomDatabase
{
    private static readonly string[] Encodings = ["UTF-8", "UTF-8", "UTF-16le", "UTF-16be"];
    private static readonly string[] Types = ["", "INT", "INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "VARCHAR(10)", "DATE", "FLOAT"];
    private static readonly string[] StrictTypes = ["INT", "INTEGER", "TEXT", "REAL", "BLOB", "ANY"];

    private static readonly string[] NameParts =
        ["a", "b", "Z", "é", "😀", " ", "\"", "'", "`", "[", "]", "\n", "\r\n", ";", "--", "/*", "*/", ",", "(", ")", "%", "_", ".", "\\", "$", "?", "select", "rowid", "oid", "NULL", "\t", "{", "}"];

    private static readonly Gen<string> Name = Pick(NameParts).Array[1, 4].Select(string.Concat)
        .Where(name => !name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase));

    private static readonly long[] Integers = [0, 1, -1, long.MinValue, long.MaxValue, 1L << 53, int.MinValue, 255];

    private static readonly double[] Reals =
        [0.0, -0.0, double.Epsilon, -double.Epsilon, double.MaxValue, double.MinValue, 2.2250738585072014e-308, 1e22, 1e23, 0.1, 19.99, 5.0, double.PositiveInfinity, double.NegativeInfinity, 9007199254740993.0];

    private static readonly string[] TextParts =
        ["", "a", "é", "😀", "'", "\"", "\r\n", "\n", "\r", ";", "\\r\\n", "\\015\\012", "\\", ",", "--", "/*", "\0", "12", "1e5", "inf", "x'00'", "NULL", "\u2028", "\ufeff", "{\"$blob\":\"\"}", "END;", ".quit", "/", "go"];

    private static readonly Gen<string> Text = Pick(TextParts).Array[0, 6].Select(string.Concat);

    /// <summary>A value as an SQL expression that is exact for the bundled library.</summary>
    private static Gen<string> Value(string encoding) => Gen.Frequency(
        (1, Gen.Const("NULL")),
        (2, Gen.OneOf(Pick(Integers), Gen.Long).Select(Integer)),
        (3, Gen.OneOf(Pick(Reals), Gen.Double, Gen.Double[-1e6, 1e6].Select(real => Math.Round(real, 2))).Where(real => !double.IsNaN(real)).Select(Real)),
        (4, Text.Select(text => $"CAST(x'{Hex(text, encoding)}' AS TEXT)")),
        (1, Gen.Byte.Array[0, 12].Select(bytes => $"CAST(x'{Convert.ToHexString(encoding == "UTF-8" || bytes.Length % 2 == 0 ? bytes : bytes[1..])}' AS TEXT)")),
        (2, Gen.Byte.Array[0, 40].Select(bytes => $"x'{Convert.ToHexString(bytes)}'")),
        (1, Gen.Int[1, 9000].Select(length => $"zeroblob({length})")));

    public static readonly Gen<List<string>> Statements =
        from encoding in Pick(Encodings)
        from pageSize in Pick(512, 1024, 4096, 65536)
        from vacuum in Gen.Int[0, 2]
        from names in Name.Array[8].Where(AreDistinct)
        from tables in Table(encoding).Array[1, 3]
        from extra in Gen.Bool.Array[4]
        from words in Pick("one", "two three", "it''s", "four").Array[1, 4]
        from version in Gen.Int
        select Build(encoding, pageSize, vacuum, names, tables, extra, words, version);

    /// <summary>Names that differ in CR LF against LF only are the same to the stock shell: no script can hold both.</summary>
    private static bool AreDistinct(string[] names) =>
        names.Select(name => name.ReplaceLineEndings("\n")).Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Length;

    private static Gen<T> Pick<T>(params T[] items) => Gen.Int[0, items.Length - 1].Select(index => items[index]);

    private sealed record TableShape(string[] Columns, string[] Types, int Key, bool Strict, bool Generated, bool Unique, string[][] Rows, long[] Rowids);

    private static Gen<TableShape> Table(string encoding) =>
        from columns in Name.Array[1, 5].Where(AreDistinct)
        from strict in Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true)))
        from types in Pick(strict ? StrictTypes : Types).Array[columns.Length]
        from key in Gen.Int[0, 5]
        from generated in Gen.Bool
        from unique in Gen.Bool
        from rows in Value(encoding).Array[columns.Length].Array[0, 12]
        from rowids in Gen.OneOf(Pick(Integers), Gen.Long[-1000, 1000]).Array[rows.Length]
        select new TableShape(columns, types, key, strict, generated, unique, rows, rowids);

    private static List<string> Build(string encoding, int pageSize, int vacuum, string[] names, TableShape[] tables, bool[] extra, string[] words, int version)
    {
        List<string> statements =
        [
            $"PRAGMA encoding='{encoding}'", $"PRAGMA page_size={pageSize}", $"PRAGMA auto_vacuum={vacuum}",
            $"PRAGMA user_version={version}", $"PRAGMA application_id={~version}", "PRAGMA foreign_keys=OFF",
        ];
        for (int index = 0; index < tables.Length; index++)
        {
            AddTable(statements, SqlName.Quote(names[index]), $"i{index}{names[index]}", tables[index]);
        }

        if (extra[0])
        {
            statements.Add($"CREATE VIEW {SqlName.Quote(names[3])} AS SELECT 1 AS {SqlName.Quote(names[4])} UNION SELECT count(*) FROM {SqlName.Quote(names[0])}");
            statements.Add($"CREATE TRIGGER {SqlName.Quote(names[5])} AFTER INSERT ON {SqlName.Quote(names[0])} WHEN 1 BEGIN SELECT 'a;'; SELECT {SqlName.Literal(names[1])}; END");
        }

        if (extra[1])
        {
            string name = SqlName.Quote("f" + names[6]);
            statements.Add($"CREATE VIRTUAL TABLE {name} USING fts5(a, b)");
            statements.AddRange(words.Select(word => $"INSERT INTO {name} VALUES ('{word}', {SqlName.Literal(names[1])})"));
        }

        if (extra[2])
        {
            string name = SqlName.Quote("r" + names[7]);
            statements.Add($"CREATE VIRTUAL TABLE {name} USING rtree(id, low, high, +note)");
            statements.AddRange(words.Select((word, number) => $"INSERT INTO {name} VALUES ({number}, {number}.25, {number}.75, '{word}')"));
        }

        if (extra[3])
        {
            statements.Add("ANALYZE");
        }

        return statements;
    }

    private static void AddTable(List<string> statements, string name, string indexName, TableShape shape)
    {
        List<string> columns = [.. shape.Columns.Select((column, index) => $"{SqlName.Quote(column)} {shape.Types[index]}")];
        string first = SqlName.Quote(shape.Columns[0]);
        bool withoutRowid = shape.Key == 1;
        columns[0] = shape.Key switch
        {
            0 => $"{first} INTEGER PRIMARY KEY",
            1 => $"{columns[0]} PRIMARY KEY",
            2 => $"{first} INTEGER PRIMARY KEY AUTOINCREMENT",
            3 => $"{columns[0]} DEFAULT 'd''\r\ne'",
            _ => columns[0],
        };
        if (shape.Generated && !shape.Columns.Contains("gen1", StringComparer.OrdinalIgnoreCase))
        {
            columns.Insert(shape.Key == 3 ? 0 : 1, $"gen1 {(shape.Strict ? "ANY" : "")} AS ({first} IS NULL)");
            columns.Add($"gen2 {(shape.Strict ? "ANY" : "")} GENERATED ALWAYS AS (quote({first})) STORED");
        }

        List<string> options = [.. withoutRowid ? ["WITHOUT ROWID"] : Array.Empty<string>(), .. shape.Strict ? ["STRICT"] : Array.Empty<string>()];
        statements.Add($"CREATE TABLE {name}({string.Join(',', columns)}) {string.Join(',', options)}");
        string into = string.Join(',', shape.Columns.Select(SqlName.Quote));
        for (int row = 0; row < shape.Rows.Length; row++)
        {
            if (shape.Key is 0 or 2)
            {
                shape.Rows[row][0] = Integer(shape.Rowids[row]);
            }

            // What a constraint refuses (a key twice, a wrong type in a STRICT table) is simply not there.
            statements.Add(shape.Key >= 3 && !shape.Columns.Contains("rowid", StringComparer.OrdinalIgnoreCase)
                ? $"INSERT OR IGNORE INTO {name}(rowid,{into}) VALUES ({Integer(shape.Rowids[row])},{string.Join(',', shape.Rows[row])})"
                : $"INSERT OR IGNORE INTO {name}({into}) VALUES ({string.Join(',', shape.Rows[row])})");
        }

        string last = SqlName.Quote(shape.Columns[^1]);
        statements.Add($"CREATE INDEX {SqlName.Quote(indexName)} ON {name}({last} DESC, {first}) {(shape.Unique ? $"WHERE {last} IS NOT NULL" : "")}");
    }

    private static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Real(double value) => double.IsInfinity(value) ? value > 0 ? "9e999" : "-9e999" : value.ToString("E16", CultureInfo.InvariantCulture);

    private static string Hex(string text, string encoding)
    {
        System.Text.Encoding bytes = encoding switch
        {
            "UTF-8" => System.Text.Encoding.UTF8,
            "UTF-16le" => System.Text.Encoding.Unicode,
            _ => System.Text.Encoding.BigEndianUnicode,
        };
        return Convert.ToHexString(bytes.GetBytes(text));
    }
}
