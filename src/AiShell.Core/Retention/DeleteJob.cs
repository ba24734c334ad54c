using AiShell.Repository;

namespace AiShell.Retention;

/// <summary>Deletes backups by id. One that a kept backup needs is refused unless its dependants go too.</summary>
public sealed class DeleteJob(BackupRepository repository)
{
    /// <summary>The backups that a deletion would remove, dependants first.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: others need one of them and <paramref name="cascade"/> is false.</exception>
    public async Task<IReadOnlyList<CatalogueEntry>> PlanAsync(IReadOnlyList<CatalogueEntry> chosen, bool cascade, CancellationToken cancellationToken)
    {
        IReadOnlyList<CatalogueEntry> all = await repository.ListAsync(database: null, cancellationToken);
        var doomed = chosen.ToDictionary(entry => entry.Id);
        List<CatalogueEntry> dependants;
        do
        {
            dependants = [.. all.Where(entry => !doomed.ContainsKey(entry.Id)
                && (Needs(entry.Manifest?.Parent, doomed) || Needs(entry.Manifest?.Base, doomed)))];
            if (dependants.Count > 0 && !cascade)
            {
                throw NeededBy(dependants);
            }

            dependants.ForEach(entry => doomed[entry.Id] = entry);
        }
        while (dependants.Count > 0);

        return [.. doomed.Values.Order(NewestFirst.Instance)];
    }

    /// <summary>Deletes what <see cref="PlanAsync"/> returned, each under its database's lock.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: a backup made since then needs one of them.</exception>
    public async Task RunAsync(IReadOnlyList<CatalogueEntry> doomed, TimeSpan lockWait, CancellationToken cancellationToken)
    {
        foreach (IGrouping<string, CatalogueEntry> database in doomed.GroupBy(entry => entry.DatabaseFolder))
        {
            await using Lease databaseLock = await repository.LockFolderAsync(database.Key, "backup delete", lockWait, cancellationToken);
            await RefuseNewDependantsAsync(doomed, database.Key, cancellationToken);
            foreach (CatalogueEntry entry in database)
            {
                await repository.DeleteAsync(entry, databaseLock, cancellationToken);
            }

            // What stays because somebody reads it, or because it is damaged, the next 'backup prune' meets again.
            string name = database.First().Database;
            await new LogJob(repository).DropUselessAsync(name, await repository.ListAsync(name, cancellationToken), databaseLock, cancellationToken);
        }
    }

    /// <summary>A backup made since the plan may build on one that is about to go.</summary>
    private async Task RefuseNewDependantsAsync(IReadOnlyList<CatalogueEntry> doomed, string databaseFolder, CancellationToken cancellationToken)
    {
        HashSet<string> going = [.. doomed.Select(entry => entry.Id)];
        CatalogueEntry[] dependants =
        [
            .. (await repository.ListAsync(database: null, cancellationToken)).Where(entry =>
                entry.DatabaseFolder == databaseFolder
                && !going.Contains(entry.Id)
                && (going.Contains(entry.Manifest?.Parent ?? "") || going.Contains(entry.Manifest?.Base ?? ""))),
        ];
        if (dependants.Length > 0)
        {
            throw NeededBy(dependants);
        }
    }

    private static AiShellException NeededBy(IReadOnlyCollection<CatalogueEntry> dependants) => new(
        ErrorKind.Refused,
        $"{dependants.Count} kept backups need it: {string.Join(", ", dependants.Select(entry => entry.Id))}.",
        "Add --cascade to delete them too.");

    private static bool Needs(string? id, Dictionary<string, CatalogueEntry> doomed) => id is not null && doomed.ContainsKey(id);
}
