using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Health;

/// <summary>A database to look at: the name its backups are filed under, and where it is.</summary>
public sealed record HealthSubject(string Database, IDatabaseEngine Engine, DatabaseAddress Address);

/// <param name="Name">What was looked at: <c>database</c>, <c>repository space</c>.</param>
/// <param name="Subject">Which one: a database's name, or the repository's place.</param>
public sealed record HealthFinding(string Subject, string Name, bool IsGood, string Detail, string? Hint);

/// <summary>Looks at everything that a backup tonight and a restore tomorrow will need. Changes nothing.</summary>
public sealed class HealthCheckJob(TimeProvider time)
{
    /// <param name="repository">Null when there is none yet.</param>
    public async Task<IReadOnlyList<HealthFinding>> RunAsync(
        IReadOnlyList<HealthSubject> subjects, BackupRepository? repository, string repositoryLocation, IReadOnlySet<string> knownBad, CancellationToken cancellationToken)
    {
        List<HealthFinding> findings = [];
        foreach (HealthSubject subject in subjects)
        {
            findings.AddRange(await LookAtDatabaseAsync(subject, cancellationToken));
        }

        if (repository is null)
        {
            findings.Add(new HealthFinding(repositoryLocation, "repository", false, "there is none yet", "The first 'ai-shell backup create' makes one."));
            return findings;
        }

        IReadOnlyList<CatalogueEntry> entries = await repository.ListAsync(database: null, cancellationToken);
        findings.Add(LookAtManifests(repository, entries));
        findings.Add(await LookAtSpaceAsync(repository, entries, cancellationToken));
        findings.AddRange(LookAtBackups(subjects, entries, knownBad));
        return findings;
    }

    private static async Task<IReadOnlyList<HealthFinding>> LookAtDatabaseAsync(HealthSubject subject, CancellationToken cancellationToken)
    {
        try
        {
            DatabaseProbe probe = await subject.Engine.ProbeAsync(subject.Address, cancellationToken);
            string size = probe.SizeBytes is { } bytes ? $", {ByteSize.Format(bytes)}" : "";
            return
            [
                new HealthFinding(subject.Database, "database", true, $"{subject.Engine.Name} {probe.Version}{size}", null),
                .. probe.Obstacles.Select(obstacle => new HealthFinding(subject.Database, "next backup", false, obstacle.Message, obstacle.Hint)),
                .. probe.Limits.Select(limit => new HealthFinding(subject.Database, "limit", true, limit, null)),
            ];
        }
        catch (AiShellException failure)
        {
            return [new HealthFinding(subject.Database, "database", false, failure.Message, failure.Hint)];
        }
    }

    private static HealthFinding LookAtManifests(BackupRepository repository, IReadOnlyList<CatalogueEntry> entries)
    {
        string[] damaged = [.. entries.Where(entry => entry.Manifest is null).Select(entry => entry.Id)];
        return damaged.Length == 0
            ? new HealthFinding(repository.Location, "repository", true, $"{entries.Count} backups, every manifest intact", null)
            : new HealthFinding(repository.Location, "repository", false, $"damaged manifests: {string.Join(", ", damaged)}", "'ai-shell repo check' looks at every part too.");
    }

    /// <summary>Room for one more backup of each database, as large as its newest.</summary>
    private static async Task<HealthFinding> LookAtSpaceAsync(BackupRepository repository, IReadOnlyList<CatalogueEntry> entries, CancellationToken cancellationToken)
    {
        long neededBytes = entries.Where(entry => entry.Manifest is not null).GroupBy(entry => entry.Database).Sum(group => group.First().Manifest!.StoredBytes);
        long? freeBytes = await repository.GetFreeBytesAsync(cancellationToken);
        string detail = freeBytes is { } free ? $"{ByteSize.Format(free)} free, one more backup of each database takes about {ByteSize.Format(neededBytes)}" : "the store does not say how much is free";
        return freeBytes < neededBytes
            ? new HealthFinding(repository.Location, "space", false, detail, "Free some space, or shorten the retention ('ai-shell backup prune --dry-run').")
            : new HealthFinding(repository.Location, "space", true, detail, null);
    }

    private IEnumerable<HealthFinding> LookAtBackups(IReadOnlyList<HealthSubject> subjects, IReadOnlyList<CatalogueEntry> entries, IReadOnlySet<string> knownBad)
    {
        string[] names = [.. subjects.Select(subject => subject.Database)];
        return StatusReport.Of(entries, names, knownBad, time.GetUtcNow())
            .Where(status => names.Contains(status.Database))
            .Select(status => new HealthFinding(
                status.Database,
                "last backup",
                status.Coverage == Coverage.Good,
                status.LastBackupId is null ? status.Explanation : $"{status.LastBackupId}: {status.Explanation}",
                status.Coverage == Coverage.Good ? null : "'ai-shell backup create' makes a new one."));
    }
}
