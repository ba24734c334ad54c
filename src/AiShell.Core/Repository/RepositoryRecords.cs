namespace AiShell.Repository;

/// <summary>A lock that a living process holds.</summary>
public sealed record HeldLock(string Name, LeaseRecord Record);

/// <summary>A file in the store that no manifest names.</summary>
public sealed record OrphanedFile(string Key, string DatabaseFolder, long SizeBytes)
{
    internal bool IsOfLog => Key.StartsWith(RepositoryKeys.Logs, StringComparison.Ordinal);
}
