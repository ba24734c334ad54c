namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Writes the rows of one table in one of the formats, part by part.</summary>
internal abstract class RowFormat : IDisposable
{
    /// <summary>The file extension of its parts.</summary>
    public static string ExtensionOf(BackupFormat format) => format switch
    {
        BackupFormat.Sql => "sql",
        BackupFormat.Json => "jsonl",
        BackupFormat.Csv => "csv",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Page images have no rows."),
    };

    public static RowFormat Create(BackupFormat format, RowOutput output, SqliteSchema schema, SqliteTable table) => format switch
    {
        BackupFormat.Sql => new SqlRowFormat(output, schema, table),
        BackupFormat.Json => new JsonRowFormat(output, table),
        BackupFormat.Csv => new CsvRowFormat(output, table),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Page images have no rows."),
    };

    public abstract void BeginPart();

    /// <param name="canonical">A row in the encoding of <see cref="CanonicalRow"/>.</param>
    public abstract void WriteRow(ReadOnlySpan<byte> canonical);

    public abstract void EndPart();

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
