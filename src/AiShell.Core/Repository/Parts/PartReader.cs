using AiShell.Repository.Codecs;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// Reads parts back. Nobody is shown a byte that has not been checked: the stored file's size and SHA-256 are
/// compared with the manifest first, and again while it is read for use.
/// </summary>
internal static class PartReader
{
    private const int CopyBytes = 128 * 1024;

    /// <summary>Compares the stored file with the manifest; returns what is wrong with it, or null.</summary>
    public static async Task<string?> CheckAsync(IObjectStore store, string folder, ManifestPart part, Action<long> progress, CancellationToken cancellationToken)
    {
        if (await store.StatAsync(folder + part.Path, cancellationToken) is not { } found)
        {
            return $"{part.Path} is missing";
        }

        if (found.SizeBytes != part.StoredBytes)
        {
            return $"{part.Path} has {found.SizeBytes:N0} bytes instead of {part.StoredBytes:N0}";
        }

        try
        {
            await using Stream stream = await store.OpenAsync(folder + part.Path, 0, null, cancellationToken);
            await using var hashing = new HashingStream(stream);
            await DrainAsync(hashing, progress, cancellationToken);
            return hashing.Count == part.StoredBytes && hashing.Sha256 == part.Sha256 ? null : $"{part.Path} was altered: its SHA-256 is not the manifest's";
        }
        catch (ObjectNotFoundException)
        {
            return $"{part.Path} is missing";
        }
        catch (IOException failure) when (failure is not TransientStoreException)
        {
            return $"{part.Path} cannot be read: {failure.Message}";
        }
    }

    /// <summary>
    /// Checks the part, then gives its plain bytes to <paramref name="use"/>, which reads them to the end.
    /// </summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is not what was stored.</exception>
    public static async Task ReadAsync(
        IObjectStore store, string folder, ManifestPart part, ICodec codec, Func<Stream, Task> use, Action<long> progress, CancellationToken cancellationToken)
    {
        if (await CheckAsync(store, folder, part, progress: _ => { }, cancellationToken) is { } problem)
        {
            throw Damaged(folder, problem);
        }

        await using Stream stream = await store.OpenAsync(folder + part.Path, 0, null, cancellationToken);
        await using var stored = new HashingStream(stream);
        await using Stream plain = codec.Decompress(stored);
        await using var counted = new CountingReadStream(plain, progress);
        try
        {
            await use(counted);
            await DrainAsync(counted, _ => { }, cancellationToken);
            await DrainAsync(stored, _ => { }, cancellationToken);
        }
        catch (InvalidDataException failure)
        {
            throw Damaged(folder, $"{part.Path} cannot be decompressed: {failure.Message}");
        }

        if (counted.Count != part.PlainBytes)
        {
            throw Damaged(folder, $"{part.Path} has {counted.Count:N0} plain bytes instead of {part.PlainBytes:N0}");
        }

        if (stored.Sha256 != part.Sha256)
        {
            throw Damaged(folder, $"{part.Path} changed while it was being read");
        }
    }

    private static AiShellException Damaged(string folder, string problem) => new(
        ErrorKind.Integrity,
        $"The backup in '{folder.TrimEnd('/')}' is damaged: {problem}.",
        "Use another backup ('ai-shell backup list'), or put the part back from a copy of the repository.");

    private static async Task DrainAsync(Stream stream, Action<long> progress, CancellationToken cancellationToken)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                progress(read);
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
