using System.Collections.Concurrent;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A backup in scratch files, on its way from one server to another.</summary>
internal sealed class SpooledBackup : IDisposable
{
    private readonly string _folder;
    private readonly List<string> _files = [];

    private SpooledBackup(string folder) => _folder = folder;

    public BackupContents Contents { get; private set; } = null!;

    /// <param name="first">Parts that come before those of the snapshot, with their bytes.</param>
    /// <param name="like">What the contents are besides.</param>
    public static async Task<SpooledBackup> MakeAsync(ISnapshot snapshot, IReadOnlyList<(BackupPart Part, byte[] Bytes)> first, BackupContents like, TargetOptions options, CancellationToken cancellationToken)
    {
        SpooledBackup spool = new(Directory.CreateDirectory(Path.Combine(options.ScratchDirectory, $"replayed-{Guid.NewGuid():n}")).FullName);
        try
        {
            await spool.FillAsync(snapshot, first, like, Math.Max(1, options.Workers), cancellationToken);
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    /// <summary>Loads everything in the order that the target wants.</summary>
    public async Task LoadAsync(IRestoreTarget target, TableFilter tables, CancellationToken cancellationToken)
    {
        foreach (LoadStage stage in target.Arrange([.. Contents.Parts.Where(part => part.Table is null || tables.Takes(part.Table))]))
        {
            await Parallel.ForEachAsync(
                stage.Runs,
                new ParallelOptions { MaxDegreeOfParallelism = stage.Parallelism, CancellationToken = cancellationToken },
                async (run, token) =>
                {
                    foreach (BackupPart part in run)
                    {
                        await using FileStream plain = File.OpenRead(_files[part.Index]);
                        await target.LoadAsync(part, plain, token);
                    }
                });
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task FillAsync(ISnapshot snapshot, IReadOnlyList<(BackupPart Part, byte[] Bytes)> first, BackupContents like, int workers, CancellationToken cancellationToken)
    {
        ConcurrentDictionary<int, IReadOnlyList<(string File, long Rows, long Bytes)>> written = new();
        ConcurrentBag<TableDigest> digests = [];
        await Parallel.ForEachAsync(
            snapshot.Steps.OrderByDescending(step => step.EstimatedBytes),
            new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken },
            async (step, token) =>
            {
                await using FileSink sink = new(Path.Combine(_folder, $"{step.Index}"));
                foreach (TableDigest digest in await snapshot.WriteAsync(step, sink, token))
                {
                    digests.Add(digest);
                }

                written[step.Index] = sink.Parts;
            });

        List<BackupPart> parts = [];
        foreach ((BackupPart part, byte[] bytes) in first)
        {
            string file = Path.Combine(_folder, $"first-{parts.Count}");
            await File.WriteAllBytesAsync(file, bytes, cancellationToken);
            Add(part with { Index = parts.Count }, file);
        }

        Dictionary<PartPhase, long> offsets = [];
        foreach (SnapshotStep step in snapshot.Steps)
        {
            foreach ((string file, long rows, long bytes) in written[step.Index])
            {
                long offset = offsets.GetValueOrDefault(step.Phase);
                offsets[step.Phase] = offset + bytes;
                Add(new BackupPart(parts.Count, step.Phase, step.Table, step.Extension, rows, bytes, offset), file);
            }
        }

        TableDigest[] tables =
        [
            .. digests.GroupBy(digest => digest.Table)
                .Select(table => new TableDigest(table.Key, table.Aggregate(TableFingerprint.Empty, (sum, share) => sum.Add(share.Fingerprint))))
                .OrderBy(digest => digest.Table),
        ];
        Contents = new BackupContents(like.Engine, like.EngineVersion, BackupFormat.Sql, BackupScope.All, parts, tables) { Requires = snapshot.Requires, Globals = like.Globals };

        void Add(BackupPart part, string file)
        {
            parts.Add(part);
            _files.Add(file);
        }
    }

    private sealed class FileSink(string path) : IPartSink, IAsyncDisposable
    {
        private const long PartBytes = 64 * 1024 * 1024;

        private readonly List<(string, long, long)> _parts = [];
        private FileStream? _file;

        public IReadOnlyList<(string File, long Rows, long Bytes)> Parts => _parts;

        public Stream Stream => _file ??= new FileStream($"{path}.{_parts.Count}", new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 128 * 1024 });

        public bool IsFull => _file?.Position >= PartBytes;

        public async ValueTask EndPartAsync(long rows, CancellationToken cancellationToken)
        {
            if (_file is { Position: > 0 } file)
            {
                _parts.Add((file.Name, rows, file.Position));
                await file.DisposeAsync();
                _file = null;
            }
        }

        public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
