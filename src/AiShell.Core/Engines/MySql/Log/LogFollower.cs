using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Reads a server's log as it grows, by one session, while another asks how far it has come: a transaction is handed over when it is known when it was committed. After a connection broke it goes
/// on at the exact position.
/// </summary>
internal sealed class LogFollower(ConnectionSettings settings, LogMark mark, BinaryLogPosition start, CommitClock clock, ILogSink sink, CaptureOptions options) : IDisposable
{
    private const long MostWaitingBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly object _handing = new();
    private readonly Queue<WaitingTransaction> _waiting = new();
    private long _waitingBytes;
    private BinaryLogPosition _read = start;
    private LogPartWriter? _part;
    private volatile bool _isAway;

    /// <summary>The end of the last transaction that was handed over.</summary>
    public BinaryLogPosition HandedOver { get; private set; } = start;

    /// <summary>Until cancelled.</summary>
    /// <exception cref="BrokenChainException">The log does not go on where it was read to.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan pause = ShortestPause;
        while (true)
        {
            BinaryLogPosition from = _read;
            try
            {
                await FollowAsync(cancellationToken);
            }
            catch (AiShellException failure) when (LogSource.Explain(failure) is { } reason)
            {
                throw reason;
            }
            catch (AiShellException failure) when (failure.Kind is ErrorKind.Unreachable or ErrorKind.Failed or ErrorKind.Busy)
            {
                // The log stays on the server: it is read on as soon as that can be reached.
                if (!_isAway)
                {
                    options.Warn($"The server's log cannot be read now: {failure.Message.TrimEnd('.')}. It is read on from where it was as soon as that is possible.");
                }

                _isAway = true;
                pause = _read != from ? ShortestPause : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            cancellationToken.ThrowIfCancellationRequested();
            await Task.Delay(pause, options.Time, cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (WaitingTransaction transaction in _waiting)
        {
            transaction.Events.Dispose();
        }
    }

    /// <summary>By one pair of sessions, until one of them ends.</summary>
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        using MySqlSession reader = await Server.OpenAsync(settings, cancellationToken);
        using MySqlSession looker = await Server.OpenAsync(settings, cancellationToken);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task reading = ServerErrors.RunAsync(reader, "the binary log", session => Read(session, stop.Token), stop.Token);
        Task looking = ServerErrors.RunAsync(looker, "the binary log's position", session => Look(session, stop.Token), stop.Token);
        Task first = await Task.WhenAny(reading, looking);
        await stop.CancelAsync();
        lock (_handing)
        {
            Monitor.PulseAll(_handing);
        }

        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private void Read(MySqlSession session, CancellationToken cancellationToken)
    {
        var stream = BinaryLogStream.Open(session, new StreamRequest(_read, Follows: true));
        using DatabaseTransactions transactions = new(mark, _read, options.ScratchDirectory);
        while (!cancellationToken.IsCancellationRequested && stream.Read(out StreamedEvent next))
        {
            SelectedTransaction? selected = transactions.Feed(next);
            lock (_handing)
            {
                if (selected is not null)
                {
                    WaitingTransaction waiting = new(selected, transactions.TakeEvents(), transactions.Description);
                    _waiting.Enqueue(waiting);
                    _waitingBytes += waiting.Events.Length;
                }

                _read = transactions.Position;
                while (_waitingBytes > MostWaitingBytes && !cancellationToken.IsCancellationRequested)
                {
                    Monitor.Wait(_handing, LookEvery);
                }
            }
        }
    }

    private void Look(MySqlSession session, CancellationToken cancellationToken)
    {
        long start = options.Time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested)
        {
            LogLook look = clock.Look(session);
            if (_isAway && options.Time.GetElapsedTime(start) > Steady)
            {
                _isAway = false;
                options.Warn("The server's log is read again.");
            }

            lock (_handing)
            {
                clock.Add(look);
                HandOver();
                Monitor.PulseAll(_handing);
            }

            cancellationToken.WaitHandle.WaitOne(LookEvery);
        }
    }

    /// <summary>What it is known of when it was committed.</summary>
    private void HandOver()
    {
        while (_waiting.TryPeek(out WaitingTransaction? waiting) && clock.Of(waiting.Selected.Position) is { } committed)
        {
            Stream stream = sink.Begin(out bool isFirst);
            if (isFirst)
            {
                _part = new LogPartWriter(stream, mark, HandedOver, waiting.Description);
            }

            _part!.Add(waiting.Selected, waiting.Events, waiting.Description);
            sink.Commit(new LogCommit(waiting.Selected.Position.ToLogPosition(), committed.After, committed.At));
            HandedOver = waiting.Selected.Position;
            _waiting.Dequeue();
            _waitingBytes -= waiting.Events.Length;
            waiting.Events.Dispose();
        }

        if (clock.Pass(_waiting.TryPeek(out WaitingTransaction? next) ? next.Selected.Before : _read) is { } through)
        {
            sink.Quiet(through);
        }
    }

    private sealed record WaitingTransaction(SelectedTransaction Selected, TransactionBuffer Events, byte[] Description);
}
