namespace AiShell.Repository;

/// <summary>A lock that a living process holds.</summary>
public sealed record HeldLock(string Name, LeaseRecord Record)
{
    /// <summary>By what, where and since when.</summary>
    public string Holder => $"held by '{Record.Operation}' (process {Record.ProcessId} on {Record.Host}, since {Record.AcquiredAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC)";
}

/// <summary>Somebody begins to wait for a lock.</summary>
public sealed record WaitForLock(HeldLock Lock, TimeSpan AtMost);

/// <summary>A file in the store that no manifest names.</summary>
public sealed record OrphanedFile(string Key, string DatabaseFolder, long SizeBytes)
{
    internal bool IsOfLog => Key.StartsWith(RepositoryKeys.Logs, StringComparison.Ordinal);
}
