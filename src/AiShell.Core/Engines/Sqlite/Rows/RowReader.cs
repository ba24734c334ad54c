using System.Buffers;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Parses the rows of one data part back into canonical encoding. It needs no schema: a part names its columns in the
/// order of the canonical row, and its values keep their types.
/// </summary>
internal abstract class RowReader
{
    /// <summary>As the part names them, in the order of the canonical row; known after the first row.</summary>
    public IReadOnlyList<string> Columns { get; protected set; } = [];

    public static RowReader Create(BackupPart part, Stream plain)
    {
        PartInput input = new(plain);
        string table = part.Table?.Name ?? throw new ArgumentException("A part of rows has a table.", nameof(part));
        return part.Extension switch
        {
            "sql" => new SqlRowReader(input, table),
            "jsonl" => new JsonRowReader(input),
            "csv" => new CsvRowReader(input),
            _ => throw new AiShellException(ErrorKind.Integrity, $"Part {part.Index + 1} has rows of '{table}' in an unknown format '{part.Extension}'."),
        };
    }

    /// <summary>Reads the next row into <paramref name="row"/>; false after the last.</summary>
    /// <exception cref="FormatException">The part is not what its format says.</exception>
    public abstract bool Next(RowBuffer row);

    /// <summary>Where the parser stands, in bytes of the plain part.</summary>
    public abstract long Offset { get; }

    /// <summary>Appends the bytes that hexadecimal digits stand for.</summary>
    protected static void AppendHex(RowBuffer row, ReadOnlySpan<byte> digits)
    {
        Span<byte> target = row.GetSpan((digits.Length / 2) + 1);
        if (Convert.FromHexString(digits, target, out _, out int written) != OperationStatus.Done)
        {
            throw new FormatException("a BLOB is not hexadecimal");
        }

        row.Advance(written);
    }
}
