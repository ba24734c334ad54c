using System.Globalization;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>Counts and fingerprints of tables as they stand in the session's default database.</summary>
internal static class TableDigests
{
    /// <summary>All tables of a database that have rows of their own, as they are at one moment: those whose rows a backup holds.</summary>
    public static IReadOnlyList<TableDigest> ReadAll(MySqlSession session, string database, CancellationToken cancellationToken)
    {
        RowSelect.Prepare(session);
        session.Execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
        session.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
        List<TableDigest> digests = [];
        foreach (SourceTable table in ColumnListing.Read(session, database).Where(table => StorageEngines.HasRows(table.Engine)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            digests.Add(new TableDigest(table.Name, Read(session, table.Name, table.Columns)));
        }

        session.Execute("COMMIT");
        return digests;
    }

    /// <param name="session">Prepared by <see cref="RowSelect.Prepare"/>.</param>
    /// <param name="rest">What follows the table's name.</param>
    public static TableFingerprint Read(MySqlSession session, TableName table, IReadOnlyList<SourceColumn> columns, string rest = "")
    {
        TupleDigester digester = new();
        new RowDecoder(new BinaryRows(session, RowSelect.Of(table, columns, rest)), columns).ReadToEnd(digester);
        return digester.Fingerprint;
    }

    public static long Count(MySqlSession session, TableName table, string rest = "") =>
        long.Parse(session.Scalar($"SELECT COUNT(*) FROM {SqlText.Quote(table.Name)} {rest}")!, CultureInfo.InvariantCulture);
}
