using AiShell.Storage;

namespace AiShell.Testing.Storage;

internal enum FaultAction
{
    Throw,
    DoThenThrow,
    Cut,
    CutSilently,
    Wait,
}

/// <summary>One thing that goes wrong in a <see cref="FaultyStore"/>.</summary>
internal sealed class Fault(StoreCall call, int nth, FaultAction action)
{
    public StoreCall Call => call;

    public FaultAction Action => action;

    public int Left { get; set; } = nth;

    /// <summary>0: once.</summary>
    public int Period { get; init; }

    public int Bytes { get; init; }

    public TimeSpan Delay { get; init; }

    public Exception? Error { get; init; }

    public Exception Exception => Error ?? new TransientStoreException($"The connection broke in a {call} (a test's fault).");
}
