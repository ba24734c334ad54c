namespace AiShell.Engines;

/// <summary>
/// Reads a backup's rows back from its parts, independently of the restore path, to prove that they are what was dumped.
/// Disposing it removes its scratch files.
/// </summary>
public interface IBackupReader : IAsyncDisposable
{
    /// <summary>Parts may be read in any order, up to this many at once.</summary>
    int Parallelism { get; }

    /// <summary>Parses a whole part.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is not what its format says.</exception>
    Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken);

    /// <summary>As <see cref="IRestoreTarget.ApplyAsync"/>.</summary>
    Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => throw new NotSupportedException("This engine has no log.");

    /// <summary>After all parts: what was found, one digest a table.</summary>
    Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken);
}

/// <param name="SampleRows">Random rows to keep of each table, for a value-by-value comparison; 0 for none.</param>
/// <param name="ScratchDirectory">As in <see cref="SnapshotOptions"/>.</param>
public sealed record ReaderOptions(int Workers, int SampleRows, string ScratchDirectory);

public sealed record ReaderResult(IReadOnlyList<TableDigest> Tables, IReadOnlyList<SampledRow> Sample);

/// <summary>One row in the engine's canonical encoding.</summary>
public sealed record SampledRow(TableName Table, ReadOnlyMemory<byte> Canonical);
