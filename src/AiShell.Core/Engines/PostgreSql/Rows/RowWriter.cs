using System.Text;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql;

/// <summary>Writes rows, which come as lines of COPY's text format, as parts of one of the formats.</summary>
internal abstract class RowWriter
{
    public abstract void Begin(Stream part);

    /// <param name="lines">The lines' next bytes, which may begin and end anywhere.</param>
    public abstract void Write(ReadOnlySpan<byte> lines, Stream part);

    /// <summary>After a whole line.</summary>
    public abstract void End(Stream part);
}

/// <summary>COPY … FROM stdin, the rows as the server sent them, and the end mark: psql restores it.</summary>
internal sealed class SqlRowWriter(TableName table, IReadOnlyList<string> columns) : RowWriter
{
    private readonly byte[] _header = Encoding.UTF8.GetBytes(CopyHeader.Of(table, columns));

    public override void Begin(Stream part) => part.Write(_header);

    public override void Write(ReadOnlySpan<byte> lines, Stream part) => part.Write(lines);

    public override void End(Stream part) => part.Write("\\.\n\n"u8);
}

/// <summary>Which writer, reader and file extension serve a format.</summary>
internal static class RowFormats
{
    private const string Sql = "sql";
    private const string Json = "jsonl";
    private const string Csv = "csv";

    public static string ExtensionOf(BackupFormat format) => format switch
    {
        BackupFormat.Sql => Sql,
        BackupFormat.Json => Json,
        BackupFormat.Csv => Csv,
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of PostgreSQL."),
    };

    public static RowWriter CreateWriter(BackupFormat format, SourceTable table) => format switch
    {
        BackupFormat.Sql => new SqlRowWriter(table.Name, table.Columns),
        BackupFormat.Json => new Utf8RowWriter(new JsonRowWriter(table.Columns, table.Types), table),
        BackupFormat.Csv => new Utf8RowWriter(new CsvRowWriter(table.Columns), table),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of PostgreSQL."),
    };

    /// <param name="scratchDirectory">As in <see cref="ReaderOptions"/>.</param>
    /// <exception cref="InvalidDataException">The part's extension is of no format.</exception>
    public static RowReader CreateReader(BackupPart part, Stream plain, string scratchDirectory) => part.Extension switch
    {
        Sql => new SqlRowReader(part.Table!, plain),
        Json => new JsonRowReader(plain, scratchDirectory),
        Csv => new CsvRowReader(plain),
        _ => throw new InvalidDataException($"its format '{part.Extension}' is not known"),
    };
}
