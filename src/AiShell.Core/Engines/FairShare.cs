namespace AiShell.Engines;

/// <summary>How much of a database one worker takes before a table is worth spreading over several.</summary>
internal static class FairShare
{
    /// <summary>
    /// Bytes. Reading a table by ranges costs the server a fifth more, and writing it from several sessions as much, so a table must
    /// be larger than its share by more than that.
    /// </summary>
    public static long Most(long total, int workers) => total / Math.Max(1, workers) / 4 * 5;
}
