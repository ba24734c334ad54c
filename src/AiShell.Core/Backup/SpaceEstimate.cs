using AiShell.Repository;

namespace AiShell.Backup;

/// <summary>Roughly what a backup will take in the store. Meant to stop a backup that cannot succeed, not one that may.</summary>
internal static class SpaceEstimate
{
    /// <summary>Databases seldom compress better than this; used when there is no backup to learn from.</summary>
    private const double OptimisticRatio = 0.1;

    public static long StoredBytes(long plainBytes, CompressionSettings compression, Manifest? previous)
    {
        double ratio = compression.Codec == "none" ? 1.0 : OptimisticRatio;
        if (previous is { PlainBytes: > 0 } && previous.Compression.Codec == compression.Codec)
        {
            ratio = (double)previous.StoredBytes / previous.PlainBytes;
        }

        return (long)(plainBytes * ratio);
    }
}
