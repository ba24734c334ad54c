using System.Collections.Concurrent;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>A backup held in memory: an engine's parts as a repository would keep them, without the repository.</summary>
public sealed class MemoryBackup
{
    private readonly byte[][] _parts;

    private MemoryBackup(BackupContents link, byte[][] parts, LogPosition position)
    {
        Link = link;
        _parts = parts;
        Position = position;
    }

    /// <summary>What is restored.</summary>
    public BackupContents Contents => Link.WithoutIndex();

    /// <summary>With what the next increment asks for.</summary>
    public BackupContents Link { get; }

    public LogPosition Position { get; }

    /// <summary>The plain parts one after the other.</summary>
    public byte[] Plain => [.. Contents.Parts.SelectMany(part => _parts[part.Index])];

    /// <summary>Opens a snapshot, writes all its steps and closes it.</summary>
    public static async Task<MemoryBackup> MakeAsync(
        IDatabaseEngine engine, DatabaseAddress address, SnapshotOptions options, CancellationToken cancellationToken = default)
    {
        await using ISnapshot snapshot = await engine.OpenSnapshotAsync(address, options, cancellationToken);
        return await WriteAsync(engine, snapshot, options, cancellationToken: cancellationToken);
    }

    /// <summary>Writes all steps of a snapshot, in parallel and in the order given.</summary>
    public static async Task<MemoryBackup> WriteAsync(
        IDatabaseEngine engine,
        ISnapshot snapshot,
        SnapshotOptions options,
        Func<IEnumerable<SnapshotStep>, IEnumerable<SnapshotStep>>? order = null,
        CancellationToken cancellationToken = default)
    {
        ConcurrentDictionary<int, MemorySink> written = new();
        ConcurrentBag<TableDigest> digests = [];
        SnapshotStep[] steps = [.. order is null ? snapshot.Steps : order(snapshot.Steps)];
        await RunAsync(steps.Where(step => step.Phase != PartPhase.Index));
        await RunAsync(steps.Where(step => step.Phase == PartPhase.Index));

        Task RunAsync(IEnumerable<SnapshotStep> some) => Parallel.ForEachAsync(
            some,
            new ParallelOptions { MaxDegreeOfParallelism = options.Workers, CancellationToken = cancellationToken },
            async (step, token) =>
            {
                using MemorySink sink = new(options.PartBytes);
                foreach (TableDigest digest in await snapshot.WriteAsync(step, sink, token))
                {
                    digests.Add(digest);
                }

                sink.RequireEnded();
                written[step.Index] = sink;
            });

        List<BackupPart> parts = [];
        List<byte[]> bytes = [];
        Dictionary<PartPhase, long> offsets = [];
        foreach (SnapshotStep step in snapshot.Steps)
        {
            foreach ((byte[] part, long rows) in written[step.Index].Parts)
            {
                long offset = offsets.GetValueOrDefault(step.Phase);
                parts.Add(new BackupPart(parts.Count, step.Phase, step.Table, step.Extension, rows, part.Length, offset));
                offsets[step.Phase] = offset + part.Length;
                bytes.Add(part);
            }
        }

        TableDigest[] tables =
        [
            .. digests.GroupBy(digest => digest.Table)
                .Select(table => new TableDigest(table.Key, table.Aggregate(TableFingerprint.Empty, (sum, share) => sum.Add(share.Fingerprint))))
                .OrderBy(digest => digest.Table),
        ];
        return new MemoryBackup(
            new BackupContents(engine.Name, snapshot.EngineVersion, options.Format, options.Scope, parts, tables) { Requires = snapshot.Requires, Objects = snapshot.Objects, Globals = snapshot.Globals, Image = snapshot.Image }, [.. bytes], snapshot.Position);
    }

    /// <summary>The same backup with one part's bytes changed; the record of the part stays.</summary>
    public MemoryBackup WithPart(int index, Func<byte[], byte[]> change)
    {
        byte[][] parts = [.. _parts];
        parts[index] = change([.. parts[index]]);
        return new MemoryBackup(Link, parts, Position);
    }

    public Stream OpenPart(BackupPart part) => new MemoryStream(_parts[part.Index], writable: false);

    /// <summary>Loads the parts as a restore does, in the order that the target wants.</summary>
    public async Task LoadAsync(IRestoreTarget target, TableFilter tables, CancellationToken cancellationToken = default)
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
                        await target.LoadAsync(part, OpenPart(part), token);
                    }
                });
        }
    }

    /// <summary>Restores and promotes; returns what the engine read back.</summary>
    public async Task<IReadOnlyList<TableDigest>> RestoreAsync(IDatabaseEngine engine, DatabaseAddress address, TargetOptions options)
    {
        await using IRestoreTarget target = await engine.OpenTargetAsync(address, Contents, options, default);
        await LoadAsync(target, options.Tables);
        IReadOnlyList<TableDigest> found = await target.CompleteAsync(fingerprints: true, default);
        await target.PromoteAsync(default);
        return found;
    }

    /// <summary>Reads every part as deep verification does.</summary>
    public async Task<ReaderResult> ReadAsync(IDatabaseEngine engine, ReaderOptions options)
    {
        await using IBackupReader reader = await engine.OpenReaderAsync(Contents, options, default);
        await ReadIntoAsync(reader);
        return await reader.CompleteAsync(default);
    }

    public async Task ReadIntoAsync(IBackupReader reader)
    {
        foreach (PartPhase phase in Enum.GetValues<PartPhase>())
        {
            await Parallel.ForEachAsync(
                Contents.Parts.Where(part => part.Phase == phase),
                new ParallelOptions { MaxDegreeOfParallelism = phase == PartPhase.Data ? reader.Parallelism : 1 },
                async (part, token) => await reader.ReadAsync(part, OpenPart(part), token));
        }
    }

    private sealed class MemorySink(long partBytes) : IPartSink, IDisposable
    {
        private readonly MemoryStream _current = new();

        public List<(byte[] Bytes, long Rows)> Parts { get; } = [];

        public Stream Stream => _current;

        public bool IsFull => _current.Length >= partBytes;

        public ValueTask EndPartAsync(long rows, CancellationToken cancellationToken)
        {
            if (_current.Length > 0)
            {
                Parts.Add((_current.ToArray(), rows));
                _current.SetLength(0);
            }

            return ValueTask.CompletedTask;
        }

        public void Dispose() => _current.Dispose();

        public void RequireEnded() => Assert.True(_current.Length == 0, "A step ends its own last part.");
    }
}
