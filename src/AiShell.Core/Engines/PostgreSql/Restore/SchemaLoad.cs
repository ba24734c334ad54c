using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>The script before the rows, run in the new database, which its first entry makes.</summary>
internal sealed class SchemaLoad(StagingDatabase staging, EntryRunner runner, TargetOptions options)
{
    // Each takes a few locks until the end of its transaction; one that makes large objects has hundreds of them by itself.
    private const int MostTogether = 50;
    private const string LargeObjectKind = "LARGE OBJECT";

    private readonly Dictionary<int, TableName> _tables = [];

    /// <summary>Tables by the entries that made them.</summary>
    public IReadOnlyDictionary<int, TableName> Tables => _tables;

    /// <summary>What is left out with tables that are not wanted.</summary>
    public DroppedEntries Dropped { get; private set; } = DroppedEntries.None;

    public async Task RunAsync(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        IEnumerable<ScriptEntry> entries = PartLoading.ReadEntries(part, plain);
        if (!options.Tables.TakesAll)
        {
            ScriptEntry[] all = [.. entries];
            Dropped = DroppedEntries.Find([.. all.Select(EntryLinks.Of)], options.Tables);
            entries = all;
        }

        List<ScriptEntry> together = [];
        foreach (ScriptEntry entry in entries.Where(entry => !Dropped.Contains(entry.Header.Id)))
        {
            if (together.Count == MostTogether || entry.Header.Kind.StartsWith(LargeObjectKind, StringComparison.Ordinal))
            {
                await RunAsync(together, cancellationToken);
            }

            if (entry.Header.Kind == DatabaseEntry.Kind)
            {
                DatabaseProperties properties = DatabaseEntry.Parse(entry.Sql);
                await staging.CreateAsync(options.KeepOwners ? properties : properties with { Tablespace = null }, cancellationToken);
                await RunAsync(entry, cancellationToken);
            }
            else
            {
                together.Add(entry);
            }

            if (entry.Header.Kind == "TABLE")
            {
                _tables[entry.Header.Id] = new TableName(entry.Header.Schema, entry.Header.Name);
            }
        }

        await RunAsync(together, cancellationToken);
    }

    /// <summary>Runs entries in one message, which the server takes as one transaction; when it fails, one by one, to tell which it is.</summary>
    private async Task RunAsync(List<ScriptEntry> together, CancellationToken cancellationToken)
    {
        try
        {
            await staging.UseAsync($"{together.Count} objects", session => runner.Run(session, together), cancellationToken);
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError && together.Count > 1)
        {
            foreach (ScriptEntry entry in together)
            {
                await RunAsync(entry, cancellationToken);
            }
        }

        together.Clear();
    }

    private Task RunAsync(ScriptEntry entry, CancellationToken cancellationToken) =>
        staging.UseAsync(entry.ToString(), session => runner.Run(session, entry), cancellationToken);
}
