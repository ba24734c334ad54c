using System.Collections.Concurrent;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Verification;

namespace AiShell.Backup;

/// <summary>
/// Makes one backup, or one link of a chain of increments: lock, fix a consistent view, write its steps in parallel, check what was written, commit the
/// manifest. Whatever fails before the commit leaves no backup behind.
/// </summary>
public sealed class BackupJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    /// <exception cref="AiShellException">The backup failed; nothing is listed.</exception>
    public async Task<BackupResult> RunAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        await using Lease databaseLock = await repository.LockDatabaseAsync(request.Database, "backup create", request.LockWait, cancellationToken);
        return await RunAsync(request, databaseLock, cancellationToken);
    }

    /// <summary>As above, under a lock that the caller holds.</summary>
    internal async Task<BackupResult> RunAsync(BackupRequest request, Lease databaseLock, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        (CatalogueEntry entry, TimeSpan held, string? whyFull) = await databaseLock.GuardAsync(token => MakeAsync(request, databaseLock, token), cancellationToken);
        return new BackupResult(entry, time.GetElapsedTime(started), held) { WhyFull = whyFull };
    }

    private async Task<(CatalogueEntry Entry, TimeSpan SnapshotHeld, string? WhyFull)> MakeAsync(BackupRequest request, Lease databaseLock, CancellationToken cancellationToken)
    {
        IReadOnlyList<CatalogueEntry> standing = await repository.ListAsync(request.Database, cancellationToken);
        LogTimeline? timeline = request.Engine.Log is null ? null : await repository.LogOf(request.Database).FindCurrentAsync(cancellationToken);
        request = request with { Timeline = timeline?.Number ?? 1 };
        if (request.Kind == BackupKind.Full)
        {
            (CatalogueEntry entry, TimeSpan held) = await MakeAsync(request, chain: null, standing, databaseLock, cancellationToken);
            return (entry, held, null);
        }

        var plan = ChainPlan.For(request.Kind, standing, timeline, request.Engine, request.KnownBad, request.FullEvery, time.GetUtcNow());
        string? whyFull = plan.WhyFull;
        if (plan.Chain is { } chain)
        {
            try
            {
                (CatalogueEntry entry, TimeSpan held) = await MakeAsync(request, chain, standing, databaseLock, cancellationToken);
                return (entry, held, null);
            }
            catch (BrokenChainException broken)
            {
                whyFull = broken.Message;
            }
        }

        progress.Warn($"A full backup is made instead of an increment: {whyFull}.");
        (CatalogueEntry full, TimeSpan fullHeld) = await MakeAsync(request with { Kind = BackupKind.Full }, chain: null, standing, databaseLock, cancellationToken);
        return (full, fullHeld, whyFull);
    }

    private async Task<(CatalogueEntry Entry, TimeSpan SnapshotHeld)> MakeAsync(
        BackupRequest request, BackupChain? chain, IReadOnlyList<CatalogueEntry> standing, Lease databaseLock, CancellationToken cancellationToken)
    {
        BackupWriter writer = repository.Begin(request.Database, databaseLock);
        try
        {
            (Manifest manifest, TimeSpan held) = await ReadDatabaseAsync(request, chain, standing, writer, cancellationToken);
            await VerifyAsync(request, writer.EntryOf(manifest), cancellationToken);
            CatalogueEntry entry = await writer.CommitAsync(manifest, cancellationToken);
            await CheckCommitAsync(request, entry, databaseLock, cancellationToken);
            return (entry, held);
        }
        finally
        {
            await writer.DisposeAsync();
            if (writer.Leftovers is { } folder)
            {
                progress.Warn($"Files of the backup that failed could not be removed: '{folder}' in '{repository.Location}'. 'ai-shell repo gc' collects them.");
            }
        }
    }

    /// <summary>The snapshot is let go of when the last row is read: as long as it is held, the database cannot tidy up.</summary>
    private async Task<(Manifest Manifest, TimeSpan SnapshotHeld)> ReadDatabaseAsync(
        BackupRequest request, BackupChain? chain, IReadOnlyList<CatalogueEntry> standing, BackupWriter writer, CancellationToken cancellationToken)
    {
        DateTimeOffset createdAt = time.GetUtcNow();
        Manifest? previous = FindPrevious(request, standing);
        long opened = time.GetTimestamp();
        await using ISnapshot snapshot = await OpenAsync(request, chain is null ? null : ChainOf(chain), cancellationToken);
        DateTimeOffset fixedAt = request.Capture?.StartedAt ?? time.GetUtcNow();
        CheckNotSuddenlyEmpty(request, snapshot, previous);
        foreach (string warning in snapshot.Warnings)
        {
            progress.Warn(warning);
        }

        await CheckSpaceAsync(request, snapshot, previous, cancellationToken);
        IReadOnlyList<TableDigest> digests = await WriteStepsAsync(request, snapshot, opened, writer, cancellationToken);
        CheckComplete(snapshot, digests);
        return (ManifestOf(request, chain, snapshot, writer, digests, createdAt) with { FixedAt = request.Engine.Log is null ? null : fixedAt }, time.GetElapsedTime(opened));
    }

    private static Task<ISnapshot> OpenAsync(BackupRequest request, ChainSoFar? chain, CancellationToken cancellationToken) => (request.Capture, chain) switch
    {
        ({ } capture, _) => capture.OpenPictureAsync(chain, SnapshotOptionsOf(request), cancellationToken),
        (null, null) => request.Engine.OpenSnapshotAsync(request.Address, SnapshotOptionsOf(request), cancellationToken),
        (null, _) => request.Engine.Log!.OpenChangesAsync(request.Address, chain, SnapshotOptionsOf(request), cancellationToken),
    };

    private ChainSoFar ChainOf(BackupChain chain)
    {
        return new ChainSoFar(chain.End.Require().Position.End, [.. chain.Entries.Select(entry => entry.Require().ToLink())], ReadAsync);

        async Task ReadAsync(int link, BackupPart part, Func<Stream, Task> use, CancellationToken token)
        {
            CatalogueEntry entry = chain.Entries[link];
            try
            {
                await repository.ReadPartAsync(entry, entry.Require().Parts[part.Index], use, _ => { }, token);
            }
            catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
            {
                throw new BrokenChainException($"{entry.Id} is damaged ({damage.Message.TrimEnd('.')})");
            }
        }
    }

    private static Manifest? FindPrevious(BackupRequest request, IReadOnlyList<CatalogueEntry> standing) =>
        standing
            .Select(entry => entry.Manifest)
            .FirstOrDefault(manifest => manifest is not null && manifest.Engine == request.Engine.Name && manifest.Scope == request.Scope);

    private static SnapshotOptions SnapshotOptionsOf(BackupRequest request) => new(
        request.Format, request.Scope, request.Tables, request.Workers, request.ScratchDirectory, request.PartBytes, request.LockWait)
    {
        WithGlobals = request.WithGlobals,
        WithHistory = request.WithHistory,
        WithoutLock = request.WithoutLock,
    };

    /// <summary>A database that lost all its tables is more often a wrong path or a broken mount than a wish.</summary>
    private static void CheckNotSuddenlyEmpty(BackupRequest request, ISnapshot snapshot, Manifest? previous)
    {
        int tables = snapshot.Tables.Count > 0 ? snapshot.Tables.Count : snapshot.Objects.GetValueOrDefault(Manifest.TablesObject);
        if (tables == 0 && previous?.TableCount > 0 && request.Scope != BackupScope.SchemaOnly && !request.AllowEmpty)
        {
            throw request.Tables.TakesAll
                ? new AiShellException(
                    ErrorKind.Failed,
                    $"'{request.Address.Display}' has no tables now, but had {previous.TableCount} in the backup {previous.Id}.",
                    "Check that it is the right database. If it is really meant to be empty, add --allow-empty.")
                : new AiShellException(
                    ErrorKind.Usage,
                    $"--tables and --exclude-tables leave no table of '{request.Address.Display}'.",
                    "Check the patterns. If a backup without tables is really meant, add --allow-empty.");
        }
    }

    private async Task CheckSpaceAsync(BackupRequest request, ISnapshot snapshot, Manifest? previous, CancellationToken cancellationToken)
    {
        long? free = await repository.GetFreeBytesAsync(cancellationToken);
        long needed = SpaceEstimate.StoredBytes(snapshot.EstimatedBytes, request.Compression, previous);
        if (free < needed)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"Not enough space in the repository '{repository.Location}': the backup needs about {ByteSize.Format(needed)}, {ByteSize.Format(free.Value)} are free.",
                "Free some space ('ai-shell backup prune --dry-run' shows what retention would remove), or use --repo.");
        }
    }

    private async Task<IReadOnlyList<TableDigest>> WriteStepsAsync(
        BackupRequest request, ISnapshot snapshot, long opened, BackupWriter writer, CancellationToken cancellationToken)
    {
        progress.Begin("Backing up", snapshot.EstimatedBytes);
        progress.Hold("snapshot", opened);
        var rate = new RateLimit(request.RateLimitBytesPerSecond, time);
        var digests = new ConcurrentBag<TableDigest>();
        await RunAsync(snapshot.Steps.Where(step => step.Phase != PartPhase.Index).OrderByDescending(step => step.EstimatedBytes));
        await RunAsync(snapshot.Steps.Where(step => step.Phase == PartPhase.Index));
        return Merge(digests);

        Task RunAsync(IEnumerable<SnapshotStep> steps) => Lanes.RunAsync(
            steps,
            request.Workers,
            progress,
            step => step.Label,
            async (step, advance, token) =>
            {
                IReadOnlyList<TableDigest> found = await writer.WriteStepAsync(
                    step, request.Compression, request.PartBytes, rate, sink => snapshot.WriteAsync(step, sink, token), advance, token);
                foreach (TableDigest digest in found)
                {
                    digests.Add(digest);
                }
            },
            cancellationToken);
    }

    private static TableDigest[] Merge(IEnumerable<TableDigest> shares) =>
    [
        .. shares.GroupBy(share => share.Table)
            .Select(table => new TableDigest(table.Key, table.Aggregate(TableFingerprint.Empty, (sum, share) => sum.Add(share.Fingerprint))))
            .OrderBy(digest => digest.Table),
    ];

    private static void CheckComplete(ISnapshot snapshot, IReadOnlyList<TableDigest> digests)
    {
        TableName[] missing = [.. snapshot.Tables.Except(digests.Select(digest => digest.Table))];
        if (missing.Length > 0)
        {
            throw new AiShellException(ErrorKind.Failed, $"The backup is not complete: no rows were read from {string.Join(", ", missing.Take(5).Select(table => $"'{table}'"))}.");
        }
    }

    private Manifest ManifestOf(
        BackupRequest request, BackupChain? chain, ISnapshot snapshot, BackupWriter writer, IReadOnlyList<TableDigest> digests, DateTimeOffset createdAt) => new()
        {
            FormatVersion = Manifest.CurrentFormatVersion,
            Id = writer.Id,
            Name = request.Name,
            Database = request.Database,
            Source = request.Source ?? request.Address.Display,
            Engine = request.Engine.Name,
            EngineVersion = snapshot.EngineVersion,
            ToolVersion = ToolVersion.Text,
            Kind = request.Kind,
            Base = chain?.Base.Id,
            Parent = chain?.End.Id,
            TimelineNumber = request.Timeline,
            Selection = request.Tables.TakesAll ? null : true,
            Format = request.Format,
            Scope = request.Scope,
            CreatedAt = createdAt,
            CompletedAt = time.GetUtcNow(),
            Position = new PositionRange(chain?.End.Require().Position.End ?? snapshot.Position, snapshot.Position),
            Compression = request.Compression,
            Parts = writer.Parts,
            Tables = [.. digests.Select(digest => new ManifestTable(digest.Table.Schema, digest.Table.Name, digest.Fingerprint.Rows, digest.Fingerprint.ToHex()))],
            Objects = snapshot.Objects,
            Requires = snapshot.Requires.Count == 0 ? null : snapshot.Requires,
            Globals = snapshot.Globals.Count == 0 ? null : snapshot.Globals,
            Image = snapshot.Image is { } image ? new ManifestImage(image.Rows, image.ToHex()) : null,
            Tags = request.Tags,
        };

    /// <summary>A store that keeps another manifest than it was given would list a damaged backup that nobody was told of.</summary>
    private async Task CheckCommitAsync(BackupRequest request, CatalogueEntry entry, Lease databaseLock, CancellationToken cancellationToken)
    {
        if (request.VerifyAfter && await repository.CheckManifestAsync(entry, cancellationToken) is { } damage)
        {
            await repository.DeleteAsync(entry, databaseLock, cancellationToken);
            throw new AiShellException(ErrorKind.Integrity, $"The repository did not keep the backup as it was written: {damage}", "Find out what damages the store, then make the backup again.");
        }
    }

    private async Task VerifyAsync(BackupRequest request, CatalogueEntry entry, CancellationToken cancellationToken)
    {
        if (!request.VerifyAfter)
        {
            return;
        }

        VerifyReport report = await new VerifyJob(repository, progress).RunAsync(
            new VerifyRequest(entry, request.Engine, Deep: true, request.Workers, request.ScratchDirectory), cancellationToken);
        report.ThrowIfBad();
    }
}
