using System.Text;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Engines.PostgreSql.Snapshot;
using CsCheck;

namespace AiShell.Tests.Engines.PostgreSqlRows;

/// <summary>A table of any columns and values, each as COPY writes it.</summary>
/// <param name="Values">By row and column; null for NULL.</param>
internal sealed record RandomRows(IReadOnlyList<string> Columns, IReadOnlyList<uint> Types, IReadOnlyList<IReadOnlyList<string?>> Values)
{
    private static readonly uint[] KnownTypes = [16, 20, 23, 25, 114, 700, 701, 1700, 3802];

    private static readonly string?[] HardValues =
    [
        null, null, "", "\\N", "N", "\\", "\\\\N", "null", "true", "t", "f", "0", "-0", "1e+30", "-1.50", "01", "1.", "NaN", "-Infinity", "\\x00ff", "{1,NULL,\"a b\"}",
        "{\"b\": 1, \"a\" :2, \"b\": \"x\\\"}\\\\\"}", "[1, [2], {}]", "{\n}", "\"text\"", "\t", "\n", "\r\n", "\b\f\v\u0001\u001f\u007f", "\"", "\"\"", ",", "a,b", " ", "x y", "\\.", "ß🙂 ", "'", "$1.00",
    ];

    private static readonly Gen<string?> AnyValue = Gen.OneOf<string?>(
        Gen.Int[0, HardValues.Length - 1].Select(index => HardValues[index]),
        Gen.String[Gen.Char["\\\"\t\n\r\b\u0001 ,N.{}[]ntf0-9aß"], 0, 12].Select(text => (string?)text),
        Gen.Decimal.Select(number => (string?)number.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Gen.Int[1, 3000].Select(length => (string?)new string('7', length)));

    public static Gen<RandomRows> Any { get; } =
        from columns in Gen.String[Gen.Char["abAB\"\\,{:\t\nß"], 1, 5].HashSet[0, 4].Select(names => names.ToArray())
        from types in Gen.Int[0, KnownTypes.Length - 1].Select(index => KnownTypes[index]).Array[columns.Length]
        from values in AnyValue.Array[columns.Length].Select(row => (IReadOnlyList<string?>)row).Array[1, 12]
        select new RandomRows(columns, types, values);

    public TableName Table { get; } = new("odd \"schema", "t,a\\ble");

    /// <summary>The lines as the server sends them.</summary>
    public byte[] Lines => Encoding.UTF8.GetBytes(string.Concat(Values.Select(row => string.Join('\t', row.Select(Escape)) + "\n")));

    /// <summary>Writes a part, the lines cut after so many bytes, again and again in turn.</summary>
    public byte[] Write(BackupFormat format, params int[] cuts)
    {
        SourceTable table = new("1", Table, Columns, null, false, false, 0, 0) { Types = Types };
        RowWriter writer = RowFormats.CreateWriter(format, table);
        using MemoryStream part = new();
        writer.Begin(part);
        ReadOnlySpan<byte> rest = Lines;
        for (int turn = 0; !rest.IsEmpty; turn++)
        {
            int length = Math.Min(rest.Length, cuts[turn % cuts.Length]);
            writer.Write(rest[..length], part);
            rest = rest[length..];
        }

        writer.End(part);
        return part.ToArray();
    }

    public string Print() => System.Text.Json.JsonSerializer.Serialize(this);

    public BackupPart Part(BackupFormat format, byte[] plain) =>
        new(0, PartPhase.Data, Table, RowFormats.ExtensionOf(format), Values.Count, plain.Length, 0);

    /// <summary>Reads a part back into its columns and lines, from a stream that gives so many bytes at a time.</summary>
    public (IReadOnlyList<string> Columns, byte[] Lines) Read(BackupFormat format, byte[] plain, int piece)
    {
        using RowReader reader = RowFormats.CreateReader(Part(format, plain), new PieceStream(plain, piece), Path.GetTempPath());
        using MemoryStream lines = new();
        reader.ReadHeader();
        reader.ReadRows(bytes => lines.Write(bytes));
        return (reader.Columns, lines.ToArray());
    }

    public static string Escape(string? value) => value is null ? "\\N" : value
        .Replace("\\", "\\\\").Replace("\b", "\\b").Replace("\f", "\\f").Replace("\n", "\\n").Replace("\r", "\\r").Replace("\t", "\\t").Replace("\v", "\\v");

    /// <summary>A stream that gives few bytes at a time, as a decompressor may.</summary>
    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes, writable: false)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, piece)]);
    }
}
