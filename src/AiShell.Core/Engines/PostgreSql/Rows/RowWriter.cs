using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>Writes rows, which come as lines of COPY's text format in runs of whole lines or in pieces of one, as parts of one of the formats.</summary>
internal abstract class RowWriter
{
    public abstract void Begin(Stream part);

    /// <param name="lines">Whole lines, or the next piece of a line that is too long to be held.</param>
    public abstract void Write(ReadOnlySpan<byte> lines, Stream part);

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

/// <summary>The statement before the rows of a part.</summary>
internal static class CopyHeader
{
    public static string Of(TableName table, IReadOnlyList<string> columns) =>
        $"COPY {SqlText.Quote(LargeObjects.Destination(table))} {(columns.Count > 0 ? $"({string.Join(", ", columns.Select(SqlText.Quote))}) " : "")}FROM stdin;\n";
}

/// <summary>Which writer and which file extension serve a format.</summary>
internal static class RowFormats
{
    public static string ExtensionOf(BackupFormat format) => format switch
    {
        BackupFormat.Sql => "sql",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of PostgreSQL."),
    };

    public static RowWriter CreateWriter(BackupFormat format, TableName table, IReadOnlyList<string> columns) => format switch
    {
        BackupFormat.Sql => new SqlRowWriter(table, columns),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of PostgreSQL."),
    };
}
