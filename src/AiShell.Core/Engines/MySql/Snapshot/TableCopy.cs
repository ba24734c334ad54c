using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Reads rows of a table and writes them as parts.</summary>
internal static class TableCopy
{
    private const int RunBytes = 256 * 1024;

    /// <param name="rest">What follows the table's name in the SELECT.</param>
    public static async Task<TableFingerprint> RunAsync(
        MySqlSession session, SourceTable table, string rest, BackupFormat format, long partBytes, IPartSink sink, CancellationToken cancellationToken)
    {
        string subject = $"table '{table.Name}'";
        RowDecoder rows = await ServerErrors.RunAsync(
            session, subject, open => new RowDecoder(new BinaryRows(open, RowSelect.Of(table.Name, table.Columns, rest)), table.Columns), cancellationToken);
        IRowWriter writer = RowFormats.CreateWriter(format, table);
        for (bool more = true; more;)
        {
            long before = writer.Fingerprint.Rows;
            more = await ServerErrors.RunAsync(session, subject, _ => FillPart(rows, writer, Math.Min(RunBytes, partBytes), sink), cancellationToken);
            await sink.EndPartAsync(writer.Fingerprint.Rows - before, cancellationToken);
        }

        return writer.Fingerprint;
    }

    /// <summary>Reads until the part is full or the rows are over; false for the latter.</summary>
    private static bool FillPart(RowDecoder rows, IRowWriter writer, long runBytes, IPartSink sink)
    {
        writer.Begin(sink.Stream);
        bool more;
        do
        {
            more = rows.Read(writer, runBytes);
            writer.Flush();
        }
        while (more && !sink.IsFull);

        writer.End();
        return more;
    }
}
