using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Verification;

namespace AiShell.Transfer;

/// <summary>Puts an exported backup together again: cut into its parts, each compressed anew, every row compared with the manifest before it is committed.</summary>
internal sealed class OwnImport(BackupRepository repository, IJobProgress progress)
{
    private const long LargestManifestBytes = 256 * 1024 * 1024;

    /// <summary>The export's metadata, null when there is none beside the file and none inside.</summary>
    public static async Task<ReadMetadata?> ReadMetadataAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        string path = ExportMetadata.PathFor(request.Path);
        if (!File.Exists(path))
        {
            return await FindInTarAsync(request, cancellationToken);
        }

        try
        {
            await using FileStream file = File.OpenRead(path);
            ExportMetadata? metadata = file.Length > LargestManifestBytes
                ? null
                : await JsonSerializer.DeserializeAsync(file, TransferJson.Default.ExportMetadata, cancellationToken);
            if (metadata is not { Manifest.ValueKind: JsonValueKind.Object, Layout: not null, Compression: not null, Sha256: not null })
            {
                throw new JsonException("The document says nothing of an export.");
            }

            byte[] manifest = JsonSerializer.SerializeToUtf8Bytes(metadata.Manifest, TransferJson.Default.JsonElement);
            return new ReadMetadata(ImportedManifest.Read(manifest, path), metadata.Layout, metadata.Compression, metadata.Sha256) { GlobalsSha256 = metadata.Globals?.Sha256 };
        }
        catch (JsonException failure)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"'{path}' is damaged: it is not what 'ai-shell backup export' writes.",
                "Move it away to import the file beside it without it.",
                failure);
        }
    }

    public async Task<CatalogueEntry> ImportAsync(ImportRequest request, ReadMetadata metadata, CancellationToken cancellationToken)
    {
        Manifest manifest = metadata.Manifest;
        await CheckDigestAsync(request.Path, metadata, cancellationToken);
        string database = request.Database ?? manifest.Database;
        IDatabaseEngine engine = request.Engines.FirstOrDefault(candidate => candidate.Name == manifest.Engine) ?? throw new AiShellException(
            ErrorKind.Usage, $"'{request.Path}' is a backup of a {manifest.Engine} database, which this version does not serve.");

        await using Lease databaseLock = await repository.LockDatabaseAsync(database, "backup import", request.LockWait, cancellationToken);
        await RefuseDuplicateAsync(manifest, database, cancellationToken);
        await using BackupWriter writer = repository.Begin(database, databaseLock, manifest.Id);
        progress.Begin("Importing", manifest.PlainBytes);
        await (metadata.Layout == ExportMetadata.Tar
            ? CutTarAsync(request, metadata, writer, cancellationToken)
            : CutAsync(request, metadata, writer, cancellationToken));

        Manifest imported = manifest with
        {
            Database = database,
            Name = request.Name ?? manifest.Name,
            Compression = request.Compression,
            Parts = writer.Parts,
        };
        VerifyReport report = await new VerifyJob(repository, progress).RunAsync(
            new VerifyRequest(writer.EntryOf(imported), engine, Deep: true, request.Workers, request.ScratchDirectory), cancellationToken);
        report.ThrowIfBad();
        return await writer.CommitAsync(imported, cancellationToken);
    }

    private async Task RefuseDuplicateAsync(Manifest manifest, string database, CancellationToken cancellationToken)
    {
        if ((await repository.ListAsync(database: null, cancellationToken)).FirstOrDefault(entry => entry.Id == manifest.Id) is { } existing)
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"The backup {manifest.Id} is in the repository already, filed under '{existing.Database}'{(existing.Database == database ? "" : $", not '{database}'")}.",
                "Nothing is lost by leaving it as it is; 'ai-shell backup verify' checks it.");
        }
    }

    private static async Task CheckDigestAsync(string path, ReadMetadata metadata, CancellationToken cancellationToken)
    {
        if (metadata.Sha256 is null)
        {
            return;
        }

        await using FileStream file = File.OpenRead(path);
        string found = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
        if (found != metadata.Sha256)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"'{path}' is not the file that was exported: its SHA-256 is {found}, its metadata says {metadata.Sha256}.",
                "Get both files again from where they came.");
        }
    }

    /// <summary>The plain parts follow each other; the manifest says where each ends.</summary>
    private async Task CutAsync(ImportRequest request, ReadMetadata metadata, BackupWriter writer, CancellationToken cancellationToken)
    {
        await using Stream plain = Open(request, metadata.Compression);
        foreach ((int index, ManifestPart part) in metadata.Manifest.Parts.Index())
        {
            if (part.Phase == PartPhase.Globals)
            {
                await using FileStream globals = OpenGlobals(request.Path, metadata.GlobalsSha256);
                await StorePartAsync(request, metadata.Manifest, writer, index, part, globals, cancellationToken);
                continue;
            }

            await StorePartAsync(request, metadata.Manifest, writer, index, part, plain, cancellationToken);
        }

        if (await plain.ReadAsync(new byte[1], cancellationToken) > 0)
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{request.Path}' is longer than its manifest says.", "Get the file again from where it came.");
        }
    }

    /// <summary>The script of the server's own things, which was exported beside the file.</summary>
    private static FileStream OpenGlobals(string exportedFile, string? sha256)
    {
        string path = ExportMetadata.GlobalsPathFor(exportedFile);
        if (!File.Exists(path))
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{path}' is missing, which was exported together with '{exportedFile}'.", "Bring it too from where the export was made.");
        }

        FileStream file = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(file)) == sha256)
        {
            file.Position = 0;
            return file;
        }

        file.Dispose();
        throw new AiShellException(ErrorKind.Integrity, $"'{path}' is not the file that was exported: its SHA-256 is another.", "Get it again from where it came.");
    }

    private async Task CutTarAsync(ImportRequest request, ReadMetadata metadata, BackupWriter writer, CancellationToken cancellationToken)
    {
        var expected = metadata.Manifest.Parts.Index().ToDictionary(part => ExportJob.PlainName(metadata.Manifest, part.Item));
        await using Stream plain = Open(request, metadata.Compression);
        await using var tar = new TarReader(plain, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            RefuseUnsafe(request.Path, entry);
            if (entry.Name == ExportMetadata.ManifestEntry)
            {
                continue;
            }

            if (!expected.Remove(entry.Name, out (int Index, ManifestPart Item) part) || entry.Length != part.Item.PlainBytes)
            {
                throw new AiShellException(ErrorKind.Integrity, $"'{request.Path}' holds '{entry.Name}' ({entry.Length:N0} bytes), which its manifest does not know.");
            }

            await StorePartAsync(request, metadata.Manifest, writer, part.Index, part.Item, entry.DataStream ?? Stream.Null, cancellationToken);
        }

        if (expected.Count > 0)
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{request.Path}' lacks {expected.Count} of its parts: {string.Join(", ", expected.Keys.Order().Take(3))}.");
        }
    }

    /// <summary>Nothing of an archive is ever unpacked under a name of its own choosing; one that tries is not ours.</summary>
    private static void RefuseUnsafe(string path, TarEntry entry)
    {
        bool plainFile = entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile;
        if (!plainFile || entry.Name.AsSpan().ContainsAny('/', '\\') || entry.Name is "." or "..")
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"'{path}' is not safe to import: it holds '{entry.Name}' ({entry.EntryType}), which an export never has.",
                "Nothing was written. Do not trust where this file came from.");
        }
    }

    private async Task StorePartAsync(
        ImportRequest request, Manifest manifest, BackupWriter writer, int index, ManifestPart part, Stream plain, CancellationToken cancellationToken)
    {
        string plainName = ExportJob.PlainName(manifest, part);
        var copied = new ManifestPart(
            $"{(part.Phase == PartPhase.Globals ? "" : "parts/")}{plainName}{CodecRegistry.ByName(request.Compression.Codec).Extension}", part.Phase, part.Table, part.Rows, part.PlainBytes, 0, "");
        await writer.CompressPartAsync(index, copied, request.Compression, plain, cancellationToken);
        progress.Advance(0, part.PlainBytes);
    }

    /// <summary>A tar carries its manifest inside, so it can be imported without the file beside it.</summary>
    private static async Task<ReadMetadata?> FindInTarAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(request.Path);
        byte[] head = new byte[512];
        int read = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        ICodec codec = CodecRegistry.Detect(head.AsSpan(0, read)) ?? CodecRegistry.ByName("none");

        await using Stream plain = Open(request, codec.Name);
        byte[] header = new byte[512];
        if (await plain.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length
            || !header.AsSpan(257, 5).SequenceEqual("ustar"u8))
        {
            return null;
        }

        await using Stream again = Open(request, codec.Name);
        await using var tar = new TarReader(again, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            RefuseUnsafe(request.Path, entry);
            if (entry is { Name: ExportMetadata.ManifestEntry, DataStream: { } stream, Length: <= LargestManifestBytes })
            {
                using var content = new MemoryStream();
                await stream.CopyToAsync(content, cancellationToken);
                return new ReadMetadata(ImportedManifest.Read(content.ToArray(), request.Path), ExportMetadata.Tar, codec.Name, Sha256: null);
            }
        }

        return null;
    }

    private static BoundedPlainStream Open(ImportRequest request, string codec) =>
        BoundedPlainStream.Open(request.Path, CodecRegistry.ByName(codec), request.Trust, request.ScratchDirectory);
}

/// <summary>What an export says of itself, its manifest already checked.</summary>
/// <param name="Sha256">Of the exported file; null when only the archive's own manifest is there.</param>
internal sealed record ReadMetadata(Manifest Manifest, string Layout, string Compression, string? Sha256)
{
    /// <summary>Of the script of the server's own things beside the exported file.</summary>
    public string? GlobalsSha256 { get; init; }
}
