using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Snapshot;
using CsCheck;

namespace AiShell.Tests.Engines.MySqlRows;

/// <summary>One value, as a sink is told of it.</summary>
internal abstract record Value
{
    internal sealed record Nothing : Value;

    internal sealed record Number(string Literal) : Value;

    /// <param name="Raw">Its bytes, one a character.</param>
    internal sealed record Text(string Raw) : Value
    {
        public static Text Of(string content) => new(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(content)));
    }

    /// <param name="Hex">Never empty.</param>
    internal sealed record Bytes(string Hex, string? CharacterSet) : Value;
}

/// <summary>A table of any columns and values.</summary>
internal sealed record RandomTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<Value>> Rows)
{
    private static readonly string[] Numbers =
    [
        "0", "-1", "18446744073709551615", "-9223372036854775808", "0.50", "-0.000000000000000000000000000001", "1e300", "-1.5e-7", "5e-324", "-0e0", "0.10000000149011612",
        new('9', 65),
    ];

    private static readonly string[] HardTexts = ["🙂", "NULL", "0x41", "x'41'", "{\"$blob\":\"AA==\"}", "null", "');\n", "\\", "\r\n", "\"\""];

    private static readonly string?[] CharacterSets = [null, null, "sjis", "gbk", "cp1251", "ucs2"];

    private static readonly Gen<Value> AnyValue = Gen.OneOf<Value>(
        Gen.Const((Value)new Value.Nothing()),
        Gen.Int[0, Numbers.Length - 1].Select(index => (Value)new Value.Number(Numbers[index])),
        Gen.Long.Select(number => (Value)new Value.Number(number.ToString(System.Globalization.CultureInfo.InvariantCulture))),
        Gen.String[Gen.Char["\0\n\r\u001a\\'\"`\t\b\f\u0001\u007f0xN_(),;:{}[]nrZbßé中 "], 0, 12].Select(text => (Value)Value.Text.Of(text)),
        Gen.Int[0, HardTexts.Length - 1].Select(index => (Value)Value.Text.Of(HardTexts[index])),
        Gen.Int[1, 3000].Select(length => (Value)new Value.Text(new string('\'', length))),
        Gen.Select(Gen.Byte.Array[1, 300], Gen.Int[0, CharacterSets.Length - 1]).Select((bytes, set) => (Value)new Value.Bytes(Convert.ToHexString(bytes), CharacterSets[set])));

    public static Gen<RandomTable> Any { get; } =
        from columns in Gen.String[Gen.Char["abAB\"\\,{:\t\n`)ß "], 1, 5].HashSet[0, 4].Select(names => names.ToArray())
        from rows in AnyValue.Array[columns.Length].Select(row => (IReadOnlyList<Value>)row).Array[1, 12]
        select new RandomTable(columns, rows);

    public SourceTable Table => new(new TableName("", "t,a`\\b\"le"), [.. Columns.Select(name => new SourceColumn(name, "longtext", "utf8mb4"))], [], "InnoDB", 0, 0);

    public string Print() => $"{string.Join('|', Columns)}\n{string.Join('\n', Rows.Select(row => string.Join(" | ", row)))}";

    /// <summary>Tells all rows, values cut after so many bytes.</summary>
    public void Tell(IRowSink sink, int piece)
    {
        foreach (IReadOnlyList<Value> row in Rows)
        {
            sink.BeginRow();
            foreach (Value value in row)
            {
                Tell(sink, value, piece);
            }

            sink.EndRow();
        }
    }

    public (byte[] Part, TableFingerprint Fingerprint) Write(BackupFormat format, int piece = int.MaxValue)
    {
        IRowWriter writer = RowFormats.CreateWriter(format, Table);
        using MemoryStream part = new();
        writer.Begin(part);
        Tell(writer, piece);
        writer.End();
        return (part.ToArray(), writer.Fingerprint);
    }

    /// <summary>Reads a part, from a stream that gives so many bytes at a time.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static IReadOnlyList<string> Read(BackupFormat format, TableName table, byte[] part, IRowSink sink, int step = int.MaxValue)
    {
        using RowReader reader = RowFormats.CreateReader(
            new BackupPart(0, PartPhase.Data, table, RowFormats.ExtensionOf(format), 0, 0, 0), new SqliteRows.SlowStream(part, step), Path.GetTempPath());
        reader.ReadHeader();
        while (reader.ReadRow(sink))
        {
            // to the end
        }

        return reader.Columns;
    }

    private static void Tell(IRowSink sink, Value value, int piece)
    {
        switch (value)
        {
            case Value.Nothing:
                sink.Null();
                break;
            case Value.Number number:
                sink.Number(Encoding.ASCII.GetBytes(number.Literal));
                break;
            case Value.Text text:
                sink.BeginText();
                Tell(sink, Encoding.Latin1.GetBytes(text.Raw), piece);
                break;
            case Value.Bytes bytes:
                sink.BeginBytes(bytes.CharacterSet);
                Tell(sink, Convert.FromHexString(bytes.Hex), piece);
                break;
            default:
                throw new InvalidOperationException($"{value} is no value.");
        }
    }

    private static void Tell(IRowSink sink, byte[] bytes, int piece)
    {
        foreach (byte[] chunk in bytes.Chunk(piece))
        {
            sink.Piece(chunk);
        }

        sink.EndValue();
    }
}
