using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>Makes sure that a table whose rows were just read is the one whose definition is in the backup.</summary>
/// <param name="state">At the moment.</param>
internal sealed class ChangeWatch(SchemaState state)
{
    private readonly Lock _turn = new();
    private string _statements = state.Statements;

    /// <param name="session">Of the reader; its transaction keeps the table from being changed now.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: it was changed before it was read, or nobody can know.</exception>
    public void Verify(MySqlSession session, DefinedTable table)
    {
        try
        {
            if (SourceCatalogue.WithoutCounter(SourceCatalogue.Show(session, table.Name)) != table.Shown)
            {
                throw SnapshotErrors.Changed(table.Name);
            }
        }
        catch (SchemaChanged change)
        {
            throw SnapshotErrors.Changed(table.Name, change);
        }

        lock (_turn)
        {
            string statements = SchemaState.CountStatements(session);
            if (statements != _statements)
            {
                VerifyIds(session, table);
                _statements = statements;
            }
        }
    }

    private void VerifyIds(MySqlSession session, DefinedTable table)
    {
        if (state.Ids is null)
        {
            throw new AiShellException(
                ErrorKind.Busy,
                $"Somebody changed a schema on this server while table '{table.Name}' was being backed up, and this user may not see whether it was this table.",
                "Grant the user PROCESS, or try again when no schema is being changed.");
        }

        // Only a change of these tables matters: what was made since is in no snapshot.
        IReadOnlyDictionary<string, string> now = SchemaState.ReadIds(session) ?? new Dictionary<string, string>();
        if (state.Ids.FirstOrDefault(known => now.GetValueOrDefault(known.Key) != known.Value) is { Key: not null } changed)
        {
            throw SnapshotErrors.Changed(changed.Key[(changed.Key.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        }
    }
}
