using AiShell.Backup;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;

namespace AiShell.Transfer;

/// <summary>
/// Takes a file into the repository as a backup: an export of ours part by part, anything else by loading it into a throw-away
/// database and backing that up. What is imported has been read row by row before it counts.
/// </summary>
public sealed class ImportJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    private const int HeadBytes = 64 * 1024;

    /// <exception cref="AiShellException">
    /// <see cref="ErrorKind.NotFound"/>: no such file; <see cref="ErrorKind.Usage"/>: nobody recognises it; <see cref="ErrorKind.Integrity"/>: it
    /// is damaged; <see cref="ErrorKind.Refused"/>: an unsafe archive.
    /// </exception>
    public async Task<ImportResult> RunAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        ThrowIfNoFile(request.Path);
        try
        {
            return await OwnImport.ReadMetadataAsync(request, cancellationToken) is { } metadata
                ? new ImportResult(await new OwnImport(repository, progress).ImportAsync(request, metadata, cancellationToken), request.Path, $"export of backup {metadata.Manifest.Id}")
                : await ImportForeignAsync(request, cancellationToken);
        }
        catch (InvalidDataException damage)
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{request.Path}' is damaged: {damage.Message}", "Get the file again from where it came.", damage);
        }
    }

    private async Task<ImportResult> ImportForeignAsync(ImportRequest request, CancellationToken cancellationToken)
    {
        (ICodec codec, IDatabaseEngine engine, ForeignFormat format) = await RecogniseAsync(request, cancellationToken);
        progress.Begin($"Loading the {format.Description}", totalBytes: null);
        await using IScratchDatabase scratch = await engine.CreateScratchAsync(request.Near, request.ScratchDirectory, cancellationToken);
        DatabaseAddress loaded = await LoadAsync(request, codec, engine, format, scratch, cancellationToken);
        string fileName = Path.GetFileName(request.Path);
        BackupResult result = await new BackupJob(repository, time, progress).RunAsync(
            new BackupRequest(
                engine,
                loaded,
                request.Database ?? NameWithoutExtensions(fileName),
                request.Name,
                format.Format,
                BackupScope.All,
                TableFilter.Everything,
                request.Compression,
                request.Workers,
                RateLimitBytesPerSecond: null,
                new Dictionary<string, string> { ["importedFrom"] = fileName },
                request.LockWait,
                AllowEmpty: true,
                VerifyAfter: true,
                request.ScratchDirectory)
            {
                Source = request.Path,
            },
            cancellationToken);
        return new ImportResult(result.Entry, request.Path, format.Description);
    }

    private static async Task<DatabaseAddress> LoadAsync(
        ImportRequest request, ICodec codec, IDatabaseEngine engine, ForeignFormat format, IScratchDatabase scratch, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream plain = OpenPlain(request, codec);
            return await engine.LoadForeignAsync(scratch.Address, format, plain, cancellationToken);
        }
        catch (AiShellException failure) when (!failure.Message.Contains(request.Path, StringComparison.Ordinal))
        {
            // The engine knows only the bytes; of several files the user must know which.
            throw new AiShellException(failure.Kind, $"Cannot import '{request.Path}': {failure.Message}", failure.Hint, failure);
        }
    }

    private static async Task<(ICodec Codec, IDatabaseEngine Engine, ForeignFormat Format)> RecogniseAsync(
        ImportRequest request, CancellationToken cancellationToken)
    {
        byte[] stored = await ReadHeadAsync(new FileStream(request.Path, FileMode.Open, FileAccess.Read), cancellationToken);
        ICodec codec = CodecRegistry.Detect(stored) ?? CodecRegistry.ByName("none");
        byte[] head = await ReadHeadAsync(OpenPlain(request, codec), cancellationToken);
        foreach (IDatabaseEngine engine in request.Engines)
        {
            if (engine.Recognise(head) is { } format)
            {
                return (codec, engine, format);
            }
        }

        throw new AiShellException(
            ErrorKind.Usage,
            $"'{request.Path}' is nothing that this version can import{(head.Length == 0 ? ": it is empty" : "")}.",
            "It takes SQLite database files, SQL scripts for SQLite, scripts and archives of pg_dump, scripts of mysqldump and mariadb-dump (plain, gzip, bzip2 or zstd), and what 'ai-shell backup export' wrote.");
    }

    private static async Task<byte[]> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        await using (stream)
        {
            byte[] head = new byte[HeadBytes];
            int read = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
            return head[..read];
        }
    }

    private static BoundedPlainStream OpenPlain(ImportRequest request, ICodec codec) =>
        BoundedPlainStream.Open(request.Path, codec, request.Trust, request.ScratchDirectory);

    private static void ThrowIfNoFile(string path)
    {
        if (!File.Exists(path))
        {
            throw new AiShellException(
                ErrorKind.NotFound,
                Directory.Exists(path) ? $"'{path}' is a directory." : $"There is no file '{path}'.",
                "Give the path of an exported file, a database file or a script.");
        }
    }

    private static string NameWithoutExtensions(string fileName)
    {
        int dot = fileName.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 ? fileName[..dot] : fileName;
    }
}
