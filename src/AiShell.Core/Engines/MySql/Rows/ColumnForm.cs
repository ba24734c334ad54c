using System.Globalization;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>How a column's value lies in a row of the binary protocol, and what it is told as.</summary>
internal enum ValueForm
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Single,
    Double,
    Decimal,
    Date,
    DateTime,
    Time,
    Text,
    Ascii,
    Latin1,
    Bytes,
}

/// <param name="Fraction">Of times, digits after the second.</param>
/// <param name="CharacterSet">Of bytes, as <see cref="SourceColumn.RawCharacterSet"/>.</param>
internal readonly record struct ColumnForm(ValueForm Form, int Fraction, string? CharacterSet)
{
    /// <summary>The type that the column is declared with, and the one that the server sends, must go together.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: they do not.</exception>
    public static ColumnForm Of(SourceColumn column, WireColumn wire)
    {
        ValueForm? form = column.BaseType switch
        {
            "tinyint" or "smallint" or "mediumint" or "int" or "bigint" or "decimal" or "float" or "double" or "year" => NumberForm(wire),
            "date" => wire.Type == WireType.Date ? ValueForm.Date : null,
            "datetime" or "timestamp" => wire.Type is WireType.DateTime or WireType.Timestamp ? ValueForm.DateTime : null,
            "time" => wire.Type == WireType.Time ? ValueForm.Time : null,
            _ when wire.Type is not (WireType.VarChar or WireType.Bit or >= WireType.Vector) || wire.Type == WireType.NewDecimal => null,
            _ => IsBytes(column) ? ValueForm.Bytes : column.CharacterSet switch { "ascii" => ValueForm.Ascii, "latin1" => ValueForm.Latin1, _ => ValueForm.Text },
        };
        return form is { } known
            ? new ColumnForm(known, FractionOf(column), known == ValueForm.Ascii ? column.CharacterSet : column.RawCharacterSet)
            : throw new AiShellException(ErrorKind.Failed, $"Column '{column.Name}' is not of type '{column.Type}' any more.", "Somebody changed the table meanwhile; try again.");
    }

    private static ValueForm? NumberForm(WireColumn wire) => wire.Type switch
    {
        WireType.Tiny => wire.IsUnsigned ? ValueForm.UInt8 : ValueForm.Int8,
        WireType.Short or WireType.Year => wire.IsUnsigned ? ValueForm.UInt16 : ValueForm.Int16,
        WireType.Long or WireType.Int24 => wire.IsUnsigned ? ValueForm.UInt32 : ValueForm.Int32,
        WireType.LongLong => wire.IsUnsigned ? ValueForm.UInt64 : ValueForm.Int64,
        WireType.Float => ValueForm.Single,
        WireType.Double => ValueForm.Double,
        WireType.Decimal or WireType.NewDecimal => ValueForm.Decimal,
        _ => null,
    };

    private static bool IsBytes(SourceColumn column) => column.RawCharacterSet is not null || (column.CharacterSet is null && column.BaseType is "enum" or "set") || column.BaseType is
        "bit" or "binary" or "varbinary" or "tinyblob" or "blob" or "mediumblob" or "longblob" or "vector"
        or "geometry" or "point" or "linestring" or "polygon" or "multipoint" or "multilinestring" or "multipolygon" or "geometrycollection" or "geomcollection";

    /// <summary>6 of <c>datetime(6)</c>.</summary>
    private static int FractionOf(SourceColumn column) =>
        column.BaseType is "datetime" or "timestamp" or "time" && column.Type.IndexOf('(', StringComparison.Ordinal) is > 0 and var open
            ? int.Parse(column.Type.AsSpan(open + 1, 1), NumberStyles.None, CultureInfo.InvariantCulture)
            : 0;
}
