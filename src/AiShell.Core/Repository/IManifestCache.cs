namespace AiShell.Repository;

/// <summary>
/// Remembers manifests, so that listing a repository does not read each of them again. Only a cache: what it returns is
/// used when size and time of the stored manifest are the same as when it was put. Never throws; a cache that cannot be
/// used answers null and forgets.
/// </summary>
public interface IManifestCache
{
    byte[]? Get(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified);

    void Put(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified, byte[] manifest);
}

/// <summary>Remembers nothing.</summary>
public sealed class NoManifestCache : IManifestCache
{
    public byte[]? Get(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified) => null;

    public void Put(string repositoryId, string backupId, long sizeBytes, DateTimeOffset lastModified, byte[] manifest)
    {
    }
}
