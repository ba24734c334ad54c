using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql;

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
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of MySQL."),
    };

    public static IRowWriter CreateWriter(BackupFormat format, SourceTable table) => format switch
    {
        BackupFormat.Sql => new SqlRowWriter(table.Name, [.. table.Columns.Select(column => column.Name)]),
        BackupFormat.Json => new JsonRowWriter(table),
        BackupFormat.Csv => new CsvRowWriter(table),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of MySQL."),
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
