namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Goes over the rows of a table, or of a range of its rowids, in the table's own order. Used by one thread at a time.</summary>
internal interface IRowScan : IDisposable
{
    /// <summary>The row <see cref="Next"/> has gone to, in the encoding of <see cref="CanonicalRow"/>; valid until it is called again.</summary>
    ReadOnlySpan<byte> Row { get; }

    /// <summary>False after the last row.</summary>
    bool Next();
}

internal static class RowScanning
{
    private const int RowsBetweenChecks = 4096;

    /// <summary>Adds up all rows that are left, and offers each to the sample.</summary>
    public static TableFingerprint Digest(this IRowScan scan, CancellationToken cancellationToken, RowSample? sample = null)
    {
        TableFingerprint fingerprint = TableFingerprint.Empty;
        while (scan.Next())
        {
            fingerprint = fingerprint.Add(scan.Row);
            sample?.Offer(scan.Row);
            if (fingerprint.Rows % RowsBetweenChecks == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return fingerprint;
    }
}
