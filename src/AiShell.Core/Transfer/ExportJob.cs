using System.Formats.Tar;
using System.Text.Json;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;

namespace AiShell.Transfer;

/// <param name="Destination">The file to write; for a directory, see <see cref="ExportJob.FileNameFor"/>.</param>
/// <param name="Compression">Null: as the backup is stored, which makes the export of SQL and native backups a copy.</param>
/// <param name="Replace">Consent to replace a file that stands there.</param>
public sealed record ExportRequest(CatalogueEntry Entry, string Destination, CompressionSettings? Compression, bool Replace);

public sealed record ExportResult(string BackupId, string Path, long SizeBytes, string Sha256, string MetadataPath)
{
    /// <summary>The script of the server's own things beside the file; null where there is none, or where it is in the tar.</summary>
    public string? GlobalsPath { get; init; }
}

/// <summary>
/// Writes a backup as one ordinary file that the database's own client restores. Every part is checked on the way. The file
/// appears under its name when it is whole and durable, not before.
/// </summary>
public sealed class ExportJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    /// <summary>The file name an export has when only a directory is given: <c>shop-backup-….sql.gz</c>.</summary>
    public static string FileNameFor(Manifest manifest, CompressionSettings? compression)
    {
        ICodec codec = CodecRegistry.ByName((compression ?? manifest.Compression).Codec);
        string plain = manifest.Format switch
        {
            BackupFormat.Sql => ".sql",
            BackupFormat.Json => ".json.tar",
            BackupFormat.Csv => ".csv.tar",
            _ => ".db",
        };
        return $"{RepositoryKeys.Encode(manifest.Database)}-{manifest.Id}{plain}{codec.Extension}";
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a part is damaged; <see cref="ErrorKind.Refused"/>: the file exists.</exception>
    public async Task<ExportResult> RunAsync(ExportRequest request, CancellationToken cancellationToken)
    {
        Manifest manifest = WithoutIndex(request.Entry);
        EnsureFree(request);
        await using Lease reading = await repository.LockForReadingAsync(request.Entry, "backup export", cancellationToken);
        return await reading.GuardAsync(token => WriteAsync(request, manifest, token), cancellationToken);
    }

    private async Task<ExportResult> WriteAsync(ExportRequest request, Manifest manifest, CancellationToken cancellationToken)
    {
        progress.Begin("Exporting", manifest.PlainBytes);

        CompressionSettings compression = request.Compression ?? manifest.Compression;
        bool asTar = manifest.Format is BackupFormat.Json or BackupFormat.Csv;
        bool asStored = !asTar && compression.Codec == manifest.Compression.Codec && request.Compression is null;

        await using var file = new AtomicFile(request.Destination);
        await using var hashing = new HashingStream(file.Stream);
        if (asStored)
        {
            await CopyStoredAsync(request.Entry, manifest, hashing, cancellationToken);
        }
        else
        {
            await using Stream compressor = CodecRegistry.ByName(compression.Codec).Compress(hashing, compression.Level);
            await (asTar
                ? WriteTarAsync(request.Entry, manifest, compressor, cancellationToken)
                : WritePlainAsync(request.Entry, manifest, compressor, cancellationToken));
        }

        var metadata = new ExportMetadata(
            Path.GetFileName(request.Destination),
            hashing.Count,
            hashing.Sha256,
            asTar ? ExportMetadata.Tar : ExportMetadata.Concatenated,
            compression.Codec,
            time.GetUtcNow(),
            ToolVersion.Text,
            ManifestElement(manifest));
        string globalsPath = ExportMetadata.GlobalsPathFor(request.Destination);
        await using AtomicFile? globalsFile = !asTar && manifest.Parts.Any(IsGlobals) ? new AtomicFile(globalsPath) : null;
        if (globalsFile is not null)
        {
            metadata = metadata with { Globals = await WriteGlobalsAsync(request.Entry, manifest, globalsFile, globalsPath, cancellationToken) };
        }

        string metadataPath = ExportMetadata.PathFor(request.Destination);
        await using var metadataFile = new AtomicFile(metadataPath);
        await JsonSerializer.SerializeAsync(metadataFile.Stream, metadata, TransferJson.Default.ExportMetadata, cancellationToken);
        if (globalsFile is not null)
        {
            await globalsFile.CommitAsync(cancellationToken);
        }

        await file.CommitAsync(cancellationToken);
        await metadataFile.CommitAsync(cancellationToken);
        return new ExportResult(manifest.Id, request.Destination, metadata.SizeBytes, metadata.Sha256, metadataPath) { GlobalsPath = globalsFile is null ? null : globalsPath };
    }

    /// <summary>A file that leaves the repository stands alone: no increment will follow it.</summary>
    private static Manifest WithoutIndex(CatalogueEntry entry)
    {
        Manifest manifest = entry.Require();
        return manifest.Kind == BackupKind.Full
            ? manifest with { Parts = [.. manifest.Parts.Where(part => part.Phase != PartPhase.Index)] }
            : throw new AiShellException(
                ErrorKind.Usage,
                $"{manifest.Id} is an increment: alone it restores to nothing, so there is no file to make of it.",
                $"Export its full backup {manifest.Base}, or restore the increment ('ai-shell backup restore {manifest.Id} -d …') and take the database itself.");
    }

    private static bool IsGlobals(ManifestPart part) => part.Phase == PartPhase.Globals;

    /// <summary>What a script of the database shall not do to the server stands in a file of its own.</summary>
    private async Task<ExportedGlobals> WriteGlobalsAsync(CatalogueEntry entry, Manifest manifest, AtomicFile file, string path, CancellationToken cancellationToken)
    {
        await using var hashing = new HashingStream(file.Stream);
        foreach (ManifestPart part in manifest.Parts.Where(IsGlobals))
        {
            await repository.ReadPartAsync(entry, part, plain => plain.CopyToAsync(hashing, cancellationToken), bytes => progress.Advance(0, bytes), cancellationToken);
        }

        return new ExportedGlobals(Path.GetFileName(path), hashing.Count, hashing.Sha256);
    }

    /// <summary>Refuses to write over what stands there without consent.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>.</exception>
    public static void EnsureFree(ExportRequest request)
    {
        string[] written =
        [
            request.Destination, ExportMetadata.PathFor(request.Destination), .. request.Entry.Require().Parts.Where(IsGlobals).Select(_ => ExportMetadata.GlobalsPathFor(request.Destination)),
        ];
        if (!request.Replace && Array.Find(written, File.Exists) is { } existing)
        {
            throw new AiShellException(ErrorKind.Refused, $"'{existing}' exists already.", "Give another name, or add --force to replace it.");
        }
    }

    /// <summary>gzip, bzip2 and zstd streams may be concatenated, so the stored files one after the other are one valid file.</summary>
    private async Task CopyStoredAsync(CatalogueEntry entry, Manifest manifest, Stream destination, CancellationToken cancellationToken)
    {
        foreach (ManifestPart part in manifest.Parts.Where(part => !IsGlobals(part)))
        {
            await ThrowIfDamagedAsync(entry, part, cancellationToken);
            await using Stream stored = await repository.OpenStoredAsync(entry, part, cancellationToken);
            await stored.CopyToAsync(destination, cancellationToken);
            progress.Advance(0, part.PlainBytes);
        }
    }

    private async Task WritePlainAsync(CatalogueEntry entry, Manifest manifest, Stream destination, CancellationToken cancellationToken)
    {
        foreach (ManifestPart part in manifest.Parts.Where(part => !IsGlobals(part)))
        {
            await repository.ReadPartAsync(
                entry, part, plain => plain.CopyToAsync(destination, cancellationToken), bytes => progress.Advance(0, bytes), cancellationToken);
        }
    }

    private async Task WriteTarAsync(CatalogueEntry entry, Manifest manifest, Stream destination, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(destination, TarEntryFormat.Pax, leaveOpen: true);
        using (var manifestContent = new MemoryStream(ManifestJson.Write(manifest)))
        {
            await WriteEntryAsync(tar, ExportMetadata.ManifestEntry, manifest, manifestContent, cancellationToken);
        }

        foreach (ManifestPart part in manifest.Parts)
        {
            await repository.ReadPartAsync(
                entry,
                part,
                async plain =>
                {
                    await using var sized = new SizedReadStream(plain, part.PlainBytes);
                    await WriteEntryAsync(tar, PlainName(manifest, part), manifest, sized, cancellationToken);
                },
                bytes => progress.Advance(0, bytes),
                cancellationToken);
        }
    }

    private static async Task WriteEntryAsync(TarWriter tar, string name, Manifest manifest, Stream content, CancellationToken cancellationToken)
    {
        var entry = new PaxTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = content,
            ModificationTime = manifest.CreatedAt,
            Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await tar.WriteEntryAsync(entry, cancellationToken);
    }

    /// <summary>A part's file name without its compression's extension.</summary>
    internal static string PlainName(Manifest manifest, ManifestPart part) =>
        Path.GetFileName(part.Path)[..^CodecRegistry.ByName(manifest.Compression.Codec).Extension.Length];

    private static JsonElement ManifestElement(Manifest manifest)
    {
        using JsonDocument document = JsonDocument.Parse(ManifestJson.Write(manifest));
        return document.RootElement.Clone();
    }

    private async Task ThrowIfDamagedAsync(CatalogueEntry entry, ManifestPart part, CancellationToken cancellationToken)
    {
        if (await repository.CheckPartAsync(entry, part, _ => { }, cancellationToken) is { } problem)
        {
            throw new AiShellException(ErrorKind.Integrity, $"The backup {entry.Id} is damaged: {problem}.", "Export another backup.");
        }
    }
}
