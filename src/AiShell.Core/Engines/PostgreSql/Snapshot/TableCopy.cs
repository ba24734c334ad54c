using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>Reads a table by COPY and writes its parts. In the sql format the server's bytes go on as they are.</summary>
internal static class TableCopy
{
    private const int RunBytes = 256 * 1024;
    private const int FirstWithJit = 110000;

    // A query, unlike a table, may be given helpers and compiled, which a scan that only copies does not repay.
    private const string Plainly = "SET max_parallel_workers_per_gather = 0";

    public static async Task<TableFingerprint> RunAsync(
        WireSession session, TableStep step, BackupFormat format, int partBytes, IPartSink sink, CancellationToken cancellationToken)
    {
        string subject = $"table '{step.Table.Name}'";
        CopyOut copy = await ServerErrors.RunAsync(session, subject, open => Begin(open, step), cancellationToken);
        RowWriter writer = RowFormats.CreateWriter(format, step.Table);
        for (bool more = true; more;)
        {
            long before = copy.Rows;
            more = await ServerErrors.RunAsync(session, subject, _ => FillPart(copy, writer, Math.Min(RunBytes, partBytes), sink), cancellationToken);
            await sink.EndPartAsync(copy.Rows - before, cancellationToken);
        }

        return new TableFingerprint(copy.Rows, copy.Sum);
    }

    private static CopyOut Begin(WireSession session, TableStep step)
    {
        SourceTable table = step.Table;
        try
        {
            if (step.IsRange)
            {
                session.Execute($"SET enable_tidscan = {(step.PassesOver ? "off" : "on")}; {Plainly}{(session.ServerVersion < FirstWithJit ? "" : "; SET jit = off")}");
            }

            return session.BeginCopyOut(step.CopyStatement);
        }
        catch (ServerError error) when (error.SqlState == "42501" && table.HasRowSecurity)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"Table '{table.Name}' has row-level security that applies to this user: a backup would miss rows.",
                "Back up as the table's owner or a role with BYPASSRLS, or leave the table out with --exclude-tables.",
                error);
        }
    }

    /// <summary>Reads until the part is full or the rows are over; false for the latter.</summary>
    private static bool FillPart(CopyOut copy, RowWriter writer, int runBytes, IPartSink sink)
    {
        bool begun = false;
        while (true)
        {
            bool more = copy.Next(runBytes, bytes =>
            {
                if (!begun)
                {
                    begun = true;
                    writer.Begin(sink.Stream);
                }

                writer.Write(bytes, sink.Stream);
            });
            if (!more || sink.IsFull)
            {
                if (begun)
                {
                    writer.End(sink.Stream);
                }

                return more;
            }
        }
    }
}
