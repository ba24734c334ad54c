using System.Globalization;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Takes a backup's parts apart on their way into a database; what is wrong with them is told as damage of the part.</summary>
internal static class PartLoading
{
    /// <summary>The entries of a schema part, one at a time.</summary>
    public static IEnumerable<ScriptEntry> ReadEntries(BackupPart part, Stream plain)
    {
        using IEnumerator<ScriptEntry> entries = ScriptReader.Read(plain).GetEnumerator();
        while (Guard(part, entries.MoveNext))
        {
            yield return entries.Current;
        }
    }

    /// <summary>Loads the rows of a part.</summary>
    /// <param name="table">As it stands in the session's default database.</param>
    /// <param name="scratchDirectory">For what a reader has to put aside.</param>
    /// <param name="local">The server takes LOAD DATA LOCAL.</param>
    /// <returns>Whether the server says that it took every value as it came.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged or has not as many rows as it should.</exception>
    public static bool LoadRows(MySqlSession session, BackupPart part, Stream plain, IReadOnlyList<SourceColumn> table, string scratchDirectory, bool local)
    {
        using RowReader rows = Guard(part, () => RowFormats.CreateReader(part, plain, scratchDirectory));
        Guard(part, () =>
        {
            rows.ReadHeader();
            return true;
        });
        SourceColumn[] columns = [.. rows.Columns.Select(name => Find(part, table, name))];
        ILoadSink load = local ? new LocalLoad(session, part.Table!, columns) : new InsertLoad(session, part.Table!, columns);
        long read = 0;
        while (Guard(part, () => rows.ReadRow(load)))
        {
            read++;
        }

        LoadOutcome outcome = load.Complete();
        if (read != part.Rows)
        {
            throw PartDamage.Of(part, new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"it has {read:N0} rows instead of {part.Rows:N0}")));
        }

        if (outcome.Rows != read)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                string.Create(CultureInfo.InvariantCulture, $"The server took {outcome.Rows:N0} of {read:N0} rows into table '{part.Table}': {FirstWarning(session)}."),
                "A key of the table does not take the others.");
        }

        return outcome.Warnings == 0;
    }

    private static SourceColumn Find(BackupPart part, IReadOnlyList<SourceColumn> table, string name) =>
        table.FirstOrDefault(column => column.Name == name) ?? throw new AiShellException(
            ErrorKind.Failed, $"Table '{part.Table}' has no column '{name}', for which the backup has values.", "Restore the backup's own table, with its schema.");

    private static string FirstWarning(MySqlSession session) => session.Query("SHOW WARNINGS LIMIT 1") is [[_, _, { } message]] ? message.TrimEnd('.') : "it does not say why";

    private static T Guard<T>(BackupPart part, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException damage)
        {
            throw PartDamage.Of(part, damage);
        }
    }
}
