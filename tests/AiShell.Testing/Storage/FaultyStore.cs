using System.Runtime.CompilerServices;
using AiShell.Storage;

namespace AiShell.Testing.Storage;

/// <summary>The kinds of calls that can be made to fail. <see cref="Write"/> and <see cref="Read"/> are those on the streams.</summary>
public enum StoreCall
{
    Create,
    Write,
    Commit,
    Open,
    Read,
    Stat,
    List,
    Delete,
    FreeBytes,
    Collect,
}

/// <summary>
/// A store that goes wrong as told. Faults are set before or between calls, count calls from then on, and happen once
/// unless they say otherwise; the same script on the same calls does the same. All methods may be called concurrently.
/// </summary>
public sealed class FaultyStore(IObjectStore inner) : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];
    private readonly List<Flip> _flips = [];
    private readonly Dictionary<StoreCall, int> _counts = [];

    public string Display => inner.Display;

    public StoreCapabilities Capabilities => Remote ? inner.Capabilities with { Remote = true } : inner.Capabilities;

    /// <summary>Claims to lie behind a network.</summary>
    public bool Remote { get; init; }

    /// <summary>How often a kind was called so far, failed calls included.</summary>
    public int Count(StoreCall call)
    {
        lock (_lock)
        {
            return _counts.GetValueOrDefault(call);
        }
    }

    /// <summary>The nth call from now (1: the next) throws instead of doing anything; a <see cref="TransientStoreException"/> unless told.</summary>
    public FaultyStore Fail(StoreCall call, int nth = 1, Exception? error = null) =>
        Add(new Fault(call, nth, FaultAction.Throw) { Error = error });

    /// <summary>Every nth call throws.</summary>
    public FaultyStore FailEvery(StoreCall call, int nth, Exception? error = null) =>
        Add(new Fault(call, nth, FaultAction.Throw) { Error = error, Period = nth });

    /// <summary>The nth call does its work and throws all the same.</summary>
    public FaultyStore FailAfter(StoreCall call, int nth = 1, Exception? error = null) =>
        Add(new Fault(call, nth, FaultAction.DoThenThrow) { Error = error });

    /// <summary>The nth write passes on only its first bytes, then throws.</summary>
    public FaultyStore CutWrite(int nth, int bytes, Exception? error = null) =>
        Add(new Fault(StoreCall.Write, nth, FaultAction.Cut) { Bytes = bytes, Error = error });

    /// <summary>The nth write passes on only its first bytes, and the rest of the object is lost without an error.</summary>
    public FaultyStore LoseWrite(int nth, int bytes) =>
        Add(new Fault(StoreCall.Write, nth, FaultAction.CutSilently) { Bytes = bytes });

    /// <summary>The nth read gives only so many bytes, then the stream ends without an error.</summary>
    public FaultyStore CutRead(int nth, int bytes) =>
        Add(new Fault(StoreCall.Read, nth, FaultAction.CutSilently) { Bytes = bytes });

    /// <summary>The nth call waits first.</summary>
    public FaultyStore Delay(StoreCall call, int nth, TimeSpan delay) =>
        Add(new Fault(call, nth, FaultAction.Wait) { Delay = delay });

    /// <summary>One bit is always other than it was written or stored, in every object whose key holds the text.</summary>
    /// <param name="call"><see cref="StoreCall.Write"/> or <see cref="StoreCall.Read"/>.</param>
    public FaultyStore FlipBit(StoreCall call, long offset, int bit = 0, string keyContains = "")
    {
        lock (_lock)
        {
            _flips.Add(new Flip(call, offset, bit, keyContains));
        }

        return this;
    }

    public FaultyStore ClearFaults()
    {
        lock (_lock)
        {
            _faults.Clear();
            _flips.Clear();
        }

        return this;
    }

    public Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken) =>
        CallAsync<IObjectWriter>(
            StoreCall.Create, async () => new FaultyWriter(this, key, await inner.CreateAsync(key, mode, cancellationToken)));

    public Task<Stream> OpenAsync(string key, long offset, long? length, CancellationToken cancellationToken) =>
        CallAsync<Stream>(
            StoreCall.Open, async () => new FaultyReadStream(this, key, offset, await inner.OpenAsync(key, offset, length, cancellationToken)));

    public Task<StoredObject?> StatAsync(string key, CancellationToken cancellationToken) =>
        CallAsync(StoreCall.Stat, () => inner.StatAsync(key, cancellationToken));

    /// <summary>Each step of a listing counts as a call.</summary>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using IAsyncEnumerator<StoredObject> found = inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await CallAsync(StoreCall.List, async () => await found.MoveNextAsync()))
        {
            yield return found.Current;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        CallAsync(
            StoreCall.Delete,
            async () =>
            {
                await inner.DeleteAsync(key, cancellationToken);
                return true;
            });

    public Task<long?> GetFreeBytesAsync(CancellationToken cancellationToken) =>
        CallAsync(StoreCall.FreeBytes, () => inner.GetFreeBytesAsync(cancellationToken));

    public Task<int> CollectUnfinishedAsync(DateTimeOffset olderThan, CancellationToken cancellationToken) =>
        CallAsync(StoreCall.Collect, () => inner.CollectUnfinishedAsync(olderThan, cancellationToken));

    /// <summary>Counts a call and takes the fault that is due, throwing if that is all it does.</summary>
    internal async Task<Fault?> EnterAsync(StoreCall call)
    {
        Fault? fault = Take(call);
        if (fault is { Action: FaultAction.Wait })
        {
            await Task.Delay(fault.Delay);
        }

        return fault is { Action: FaultAction.Throw } ? throw fault.Exception : fault;
    }

    internal async Task<T> CallAsync<T>(StoreCall call, Func<Task<T>> work)
    {
        Fault? fault = await EnterAsync(call);
        T result = await work();
        if (fault is { Action: FaultAction.DoThenThrow })
        {
            if (result is IAsyncDisposable handedOut)
            {
                await handedOut.DisposeAsync();
            }

            throw fault.Exception;
        }

        return result;
    }

    /// <summary>Applies the flips that lie in these bytes of an object.</summary>
    internal void Distort(StoreCall call, string key, long offset, Span<byte> bytes)
    {
        lock (_lock)
        {
            foreach (Flip flip in _flips)
            {
                if (flip.Call == call && flip.Offset >= offset && flip.Offset < offset + bytes.Length && key.Contains(flip.KeyContains, StringComparison.Ordinal))
                {
                    bytes[(int)(flip.Offset - offset)] ^= (byte)(1 << flip.Bit);
                }
            }
        }
    }

    private FaultyStore Add(Fault fault)
    {
        lock (_lock)
        {
            _faults.Add(fault);
        }

        return this;
    }

    private Fault? Take(StoreCall call)
    {
        lock (_lock)
        {
            _counts[call] = _counts.GetValueOrDefault(call) + 1;
            Fault? due = null;
            foreach (Fault fault in _faults.Where(fault => fault.Call == call).ToArray())
            {
                if (--fault.Left > 0)
                {
                    continue;
                }

                due ??= fault;
                if (fault.Period > 0)
                {
                    fault.Left = fault.Period;
                }
                else
                {
                    _faults.Remove(fault);
                }
            }

            return due;
        }
    }

    private sealed record Flip(StoreCall Call, long Offset, int Bit, string KeyContains);
}
