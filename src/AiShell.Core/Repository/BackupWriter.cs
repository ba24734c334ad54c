using System.Collections.Concurrent;
using AiShell.Engines;
using AiShell.Repository.Codecs;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// A backup being written: parts in any order and in parallel, the manifest last. Disposed without
/// <see cref="CommitAsync"/> it removes what it wrote, as far as the store lets it; what stays is invisible and
/// collected by <c>repo gc</c>.
/// </summary>
public sealed class BackupWriter : IAsyncDisposable
{
    private readonly IObjectStore _store;
    private readonly CatalogueEntry _place;
    private readonly Lease _databaseLock;
    private readonly ConcurrentDictionary<int, IReadOnlyList<ManifestPart>> _partsOfSteps = new();
    private bool _committed;

    /// <param name="place">Where it will stand.</param>
    internal BackupWriter(IObjectStore store, string database, CatalogueEntry place, Lease databaseLock)
    {
        _store = store;
        _databaseLock = databaseLock;
        _place = place;
        Database = database;
    }

    public string Id => _place.Id;

    public string Database { get; }

    /// <summary>The parts of all steps written so far, in restore order.</summary>
    public IReadOnlyList<ManifestPart> Parts => [.. _partsOfSteps.OrderBy(step => step.Key).SelectMany(step => step.Value)];

    /// <summary>Runs one step: <paramref name="write"/> gets the sink. Its parts count only when it returns.</summary>
    /// <param name="progress">Called with the number of plain bytes of each write.</param>
    public async Task<IReadOnlyList<TableDigest>> WriteStepAsync(
        SnapshotStep step,
        CompressionSettings compression,
        long partBytes,
        RateLimit rate,
        Func<IPartSink, Task<IReadOnlyList<TableDigest>>> write,
        Action<long> progress,
        CancellationToken cancellationToken)
    {
        ICodec codec = CodecRegistry.ByName(compression.Codec);
        await using var sink = new PartWriter(_store, _place.Folder, step, codec, compression.Level, partBytes, rate, progress, cancellationToken);
        try
        {
            return await write(sink);
        }
        finally
        {
            _partsOfSteps[step.Index] = sink.Parts;
        }
    }

    /// <summary>Takes a part's plain bytes, exactly as many as <paramref name="part"/> says, and stores them compressed anew.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: <paramref name="plain"/> ends early.</exception>
    internal async Task CompressPartAsync(int index, ManifestPart part, CompressionSettings compression, Stream plain, CancellationToken cancellationToken)
    {
        await using IObjectWriter writer = await _store.CreateAsync(_place.Folder + part.Path, WriteMode.CreateOnly, cancellationToken);
        await using var stored = new HashingStream(writer.Stream);
        await using (Stream compressor = CodecRegistry.ByName(compression.Codec).Compress(stored, compression.Level))
        {
            await CopyExactlyAsync(plain, compressor, part, cancellationToken);
        }

        await writer.CommitAsync(cancellationToken);
        _partsOfSteps[index] = [part with { StoredBytes = stored.Count, Sha256 = stored.Sha256 }];
    }

    private static async Task CopyExactlyAsync(Stream plain, Stream destination, ManifestPart part, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[128 * 1024];
        for (long left = part.PlainBytes; left > 0;)
        {
            int read = await plain.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancellationToken);
            if (read == 0)
            {
                throw new AiShellException(ErrorKind.Integrity, $"The file ends {left:N0} bytes before the end of {part.Path}.", "Get the file again from where it came.");
            }

            await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            left -= read;
        }
    }

    /// <summary>The backup as it will be listed; for reading its parts back before the commit.</summary>
    public CatalogueEntry EntryOf(Manifest manifest) => _place with { Manifest = manifest, IsPending = true };

    /// <summary>Writes the manifest, create-only: from here on the backup exists.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: the database's lock was lost; nothing was committed.</exception>
    public async Task<CatalogueEntry> CommitAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        byte[] content = ManifestJson.Write(manifest);
        await _databaseLock.EnsureHeldAsync(cancellationToken);
        await StoreContent.WriteAsync(_store, _place.ManifestKey, content, WriteMode.CreateOnly, cancellationToken);
        _committed = true;
        return _place with { Manifest = ManifestJson.Read(content, _place.Folder) };
    }

    public async ValueTask DisposeAsync()
    {
        if (_committed)
        {
            return;
        }

        if (!_databaseLock.IsHeld)
        {
            // Whoever holds the lock now may be writing a backup of the same id: an import does.
            Leftovers = _place.Folder;
            return;
        }

        // The failure that brought us here must reach the user, not a second one from a store that is broken or full.
        try
        {
            if (await _store.StatAsync(_place.ManifestKey, CancellationToken.None) is not null)
            {
                // The store reported a failure after it had made the manifest visible: the backup exists, so its parts stay.
                return;
            }

            // Listed, since a store may also have kept a part that it said it could not.
            await foreach (StoredObject file in _store.ListAsync(_place.Folder, CancellationToken.None))
            {
                await _store.DeleteAsync(file.Key, CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is IOException or AiShellException)
        {
            Leftovers = _place.Folder;
        }
    }

    /// <summary>The folder of files that could not be removed after a failure; null when nothing was left.</summary>
    public string? Leftovers { get; private set; }
}
