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
        PartStart start = new(writer, sink.Stream);
        bool more = rows.Read(start, 1);
        while (more && !sink.IsFull)
        {
            more = rows.Read(writer, runBytes);
        }

        if (start.HasBegun)
        {
            writer.End();
        }

        return more;
    }

    /// <summary>Begins the part with its first row: one without rows is none.</summary>
    private sealed class PartStart(IRowWriter writer, Stream part) : IRowSink
    {
        public bool HasBegun { get; private set; }

        public void BeginRow()
        {
            if (!HasBegun)
            {
                writer.Begin(part);
                HasBegun = true;
            }

            writer.BeginRow();
        }

        public void Null() => writer.Null();

        public void Number(ReadOnlySpan<byte> literal) => writer.Number(literal);

        public void BeginText() => writer.BeginText();

        public void BeginBytes(string? characterSet) => writer.BeginBytes(characterSet);

        public void Piece(ReadOnlySpan<byte> bytes) => writer.Piece(bytes);

        public void EndValue() => writer.EndValue();

        public void EndRow() => writer.EndRow();
    }
}
