namespace AiShell.State;

/// <summary>
/// Manifests read before, so that a list need not read them all again. Only a cache: an entry counts only for the exact
/// stored size and time it was read at, and losing all of it costs time and nothing else. Never throws for its own sake.
/// </summary>
public interface ICatalogueCache
{
    /// <summary>The manifest's JSON as it was stored with this size and time; null where it is not known.</summary>
    string? Get(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified);

    void Put(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified, string manifestJson);

    void Remove(string repositoryId, string backupId);

    void Clear(string repositoryId);
}
