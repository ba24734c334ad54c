using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>Reads manifests from a store, by way of a cache.</summary>
internal sealed class ManifestStore(IObjectStore store, IManifestCache cache, string repositoryId)
{
    private const int ParallelReads = 8;

    /// <summary>All of the files, in their order; without those that were deleted since they were listed.</summary>
    /// <param name="place">Where the manifest of a file stands, and what is to be read from there.</param>
    /// <param name="check">Whether the manifest belongs there.</param>
    public async Task<IReadOnlyList<CatalogueEntry>> ReadAsync(
        IReadOnlyList<StoredObject> files, Func<StoredObject, CatalogueEntry> place, Action<CatalogueEntry, Manifest> check, CancellationToken cancellationToken)
    {
        var entries = new CatalogueEntry?[files.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelReads, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, files.Count, options, async (index, token) => entries[index] = await ReadAsync(files[index], place(files[index]), check, token));
        return [.. entries.OfType<CatalogueEntry>()];
    }

    private async Task<CatalogueEntry?> ReadAsync(StoredObject file, CatalogueEntry place, Action<CatalogueEntry, Manifest> check, CancellationToken cancellationToken)
    {
        // A segment's id is one of its database only.
        string name = file.Key.StartsWith(RepositoryKeys.Logs, StringComparison.Ordinal) ? file.Key : place.Id;
        byte[]? cached = cache.Get(repositoryId, name, file.SizeBytes, file.LastModified);
        try
        {
            byte[] content = cached ?? await StoreContent.ReadAsync(store, file.Key, cancellationToken);
            Manifest manifest = ManifestJson.Read(content, file.Key);
            check(place, manifest);
            if (manifest.Parts.FirstOrDefault(part => !RepositoryKeys.IsPartPath(part.Path)) is { } stray)
            {
                throw new AiShellException(ErrorKind.Integrity, $"The manifest '{file.Key}' names a part outside its folder: '{stray.Path}'.");
            }

            if (cached is null)
            {
                cache.Put(repositoryId, name, file.SizeBytes, file.LastModified, content);
            }

            return place with { Manifest = manifest };
        }
        catch (ObjectNotFoundException)
        {
            return null;
        }
        catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
        {
            return place with { Damage = damage };
        }
    }
}

/// <summary>Small objects, whole.</summary>
internal static class StoreContent
{
    /// <exception cref="ObjectNotFoundException">There is none.</exception>
    public static async Task<byte[]> ReadAsync(IObjectStore store, string key, CancellationToken cancellationToken)
    {
        await using Stream stream = await store.OpenAsync(key, 0, null, cancellationToken);
        using var content = new MemoryStream();
        await stream.CopyToAsync(content, cancellationToken);
        return content.ToArray();
    }

    public static async Task WriteAsync(IObjectStore store, string key, ReadOnlyMemory<byte> content, WriteMode mode, CancellationToken cancellationToken)
    {
        await using IObjectWriter writer = await store.CreateAsync(key, mode, cancellationToken);
        await writer.Stream.WriteAsync(content, cancellationToken);
        await writer.CommitAsync(cancellationToken);
    }
}
