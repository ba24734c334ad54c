namespace AiShell;

/// <summary>
/// What a running job tells whoever watches. Calls come from several workers at once and must return quickly. Bytes are
/// plain (uncompressed) where a database is read or written, and stored bytes where files are checked.
/// </summary>
public interface IJobProgress
{
    /// <summary>A new activity begins: <c>Writing</c>, <c>Verifying</c>.</summary>
    /// <param name="totalBytes">Roughly; null where unknown.</param>
    void Begin(string activity, long? totalBytes);

    /// <summary>The activity that began last holds something that does harm when it is held long: a database's snapshot. Shown with its age.</summary>
    /// <param name="since">A timestamp of the job's clock.</param>
    void Hold(string what, long since)
    {
    }

    /// <summary>A worker takes something up; lanes are numbered from 0.</summary>
    void StartLane(int lane, string label);

    void Advance(int lane, long bytes);

    void EndLane(int lane);

    /// <summary>Something the user should know that is no failure.</summary>
    void Warn(string message);
}

/// <summary>Nobody watches.</summary>
public sealed class NoProgress : IJobProgress
{
    public static readonly NoProgress Instance = new();

    public void Begin(string activity, long? totalBytes)
    {
    }

    public void StartLane(int lane, string label)
    {
    }

    public void Advance(int lane, long bytes)
    {
    }

    public void EndLane(int lane)
    {
    }

    public void Warn(string message)
    {
    }
}
