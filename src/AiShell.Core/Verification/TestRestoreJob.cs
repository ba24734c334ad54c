using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;
using AiShell.Restore;

namespace AiShell.Verification;

/// <param name="SampleRows">Random rows of each table compared value by value; 0 for none.</param>
/// <param name="ValidateData">Compare every row, by fingerprint.</param>
/// <param name="Near">The backup's source, whose server may take the throw-away database; null where it is not known.</param>
public sealed record TestRestoreRequest(
    CatalogueEntry Entry, IDatabaseEngine Engine, int SampleRows, bool ValidateData, int Workers, string ScratchDirectory, DatabaseAddress? Near = null);

/// <param name="RowsSampled">Rows compared value by value.</param>
/// <param name="Problems">One line each; empty when the backup restores to what was backed up.</param>
public sealed record TestRestoreReport(
    string BackupId, string Database, int Tables, long Rows, int RowsSampled, bool FingerprintsCompared, TimeSpan Duration, IReadOnlyList<string> Problems)
{
    public bool IsGood => Problems.Count == 0;

    /// <summary>The whole copy was compared, page by page, with the sum in the manifest: so it is with increments of images.</summary>
    public bool ImageCompared { get; init; }
}

/// <summary>
/// Proves a backup by restoring it for real into a throw-away database, by the same recipe as a restore, and comparing.
/// The throw-away database is dropped whatever happens.
/// </summary>
public sealed class TestRestoreJob(BackupRepository repository, TimeProvider time, IJobProgress progress)
{
    /// <summary>A backup that does not restore is in the report; other failures (no space, no permission) are thrown.</summary>
    public async Task<TestRestoreReport> RunAsync(TestRestoreRequest request, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        IReadOnlyList<TableDigest> restored = [];
        int sampled = 0;
        List<string> problems = [];
        try
        {
            Manifest manifest = request.Entry.Require();
            RefuseDataOnly(manifest);
            await using Lease reading = await repository.LockForReadingAsync(request.Entry, "backup test", cancellationToken);
            BackupChain chain = await repository.FindChainAsync(request.Entry, cancellationToken);
            await using IScratchDatabase scratch = await request.Engine.CreateScratchAsync(request.Near, request.ScratchDirectory, cancellationToken);
            restored = await reading.GuardAsync(token => RestoreAsync(request, chain, scratch, token), cancellationToken);
            (sampled, IReadOnlyList<string> differences) = await reading.GuardAsync(token => CompareSampleAsync(request, chain, scratch, token), cancellationToken);
            problems.AddRange(differences);
        }
        catch (AiShellException damage) when (damage.Kind == ErrorKind.Integrity)
        {
            problems.Add(damage.Message);
        }

        return new TestRestoreReport(
            request.Entry.Id,
            request.Entry.Database,
            restored.Count,
            restored.Sum(table => table.Fingerprint.Rows),
            sampled,
            request.ValidateData,
            time.GetElapsedTime(started),
            problems)
        {
            ImageCompared = request.Entry.Manifest is { IsProvedByImage: true },
        };
    }

    private async Task<IReadOnlyList<TableDigest>> RestoreAsync(
        TestRestoreRequest request, BackupChain chain, IScratchDatabase scratch, CancellationToken cancellationToken)
    {
        BackupContents contents = chain.Contents.WithoutGlobals();
        var options = new TargetOptions(
            TableFilter.Everything, IntoExisting: false, Replace: true, request.Workers, request.ScratchDirectory, LockWait: TimeSpan.Zero)
        {
            KeepOwners = false,
        };
        await using IRestoreTarget target = await request.Engine.OpenTargetAsync(scratch.Address, contents, options, cancellationToken);
        IReadOnlyList<TableDigest> restored = await RestoreLoading.LoadAsync(
            repository, chain, contents, TableFilter.Everything, target, request.ValidateData, progress, cancellationToken);
        await target.PromoteAsync(cancellationToken);
        return restored;
    }

    private async Task<(int Sampled, IReadOnlyList<string> Differences)> CompareSampleAsync(
        TestRestoreRequest request, BackupChain chain, IScratchDatabase scratch, CancellationToken cancellationToken)
    {
        if (request.SampleRows == 0)
        {
            return (0, []);
        }

        progress.Begin("Comparing samples", chain.PlainBytes);
        ReaderResult read = await BackupReading.ReadAllAsync(
            repository, chain, request.Engine, new ReaderOptions(request.Workers, request.SampleRows, request.ScratchDirectory), progress, cancellationToken);
        return (read.Sample.Count, await request.Engine.FindDifferencesAsync(scratch.Address, read.Sample, cancellationToken));
    }

    private static void RefuseDataOnly(Manifest manifest)
    {
        if (manifest.Scope == BackupScope.DataOnly)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"The backup {manifest.Id} holds rows without their tables, so it cannot be restored into an empty database.",
                "'ai-shell backup verify --deep' checks every row of it.");
        }
    }
}
