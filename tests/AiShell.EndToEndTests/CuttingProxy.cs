using System.Net;
using System.Net.Sockets;

namespace AiShell.EndToEndTests;

/// <summary>
/// Stands between a client and a server on loopback. After so many bytes it cuts all connections, once, or holds them: they stay open, and
/// nothing more is forwarded until it is told to go on.
/// </summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    // The kernel's would take in some MB of what is held.
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _open = [];
    private readonly int _serverPort;
    private readonly bool _staysCut;
    private readonly Task _accepting;
    private long _bytes;
    private long _cutAfter = long.MaxValue;
    private long _holdAfter = long.MaxValue;
    private TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _refuses;

    /// <param name="staysCut">After the cut nobody is let in any more.</param>
    public CuttingProxy(int serverPort, bool staysCut = false)
    {
        _serverPort = serverPort;
        _staysCut = staysCut;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>In both directions, of all connections together, since the last <see cref="CutAfter"/>.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public bool HasCut { get; private set; }

    /// <summary>Done when connections are held, which they stay until <see cref="GoOn"/>.</summary>
    public Task HasHeld => _held.Task;

    public void CutAfter(long bytes)
    {
        lock (_open)
        {
            _bytes = 0;
            _cutAfter = bytes;
            HasCut = false;
            _refuses = false;
        }
    }

    public void HoldAfter(long bytes)
    {
        lock (_open)
        {
            _bytes = 0;
            _holdAfter = bytes;
            _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Forwards what was held, and all that follows.</summary>
    public void GoOn()
    {
        Interlocked.Exchange(ref _holdAfter, long.MaxValue);
        _goesOn.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        GoOn();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> pumps = [];
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                if (_refuses)
                {
                    client.Dispose();
                    continue;
                }

                Socket server = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = BufferBytes, SendBufferSize = BufferBytes };
                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                }
                catch (SocketException)
                {
                    client.Dispose();
                    continue;
                }

                lock (_open)
                {
                    _open.AddRange([client, server]);
                }

                pumps.Add(PumpAsync(client, server));
                pumps.Add(PumpAsync(server, client));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer)) > 0)
            {
                long bytes = Interlocked.Add(ref _bytes, read);
                if (bytes > Interlocked.Read(ref _cutAfter))
                {
                    Cut();
                    return;
                }

                await PassAsync(bytes);
                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
                }
            }

            await PassAsync(Bytes);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is ObjectDisposedException or SocketException)
        {
            // The other pump, the cut or the test's end closed it; or one side died, and the other is to hear of it.
            from.Dispose();
            to.Dispose();
        }
    }

    private Task PassAsync(long bytes)
    {
        if (bytes <= Interlocked.Read(ref _holdAfter))
        {
            return Task.CompletedTask;
        }

        _held.TrySetResult();
        return _goesOn.Task;
    }

    private void Cut()
    {
        lock (_open)
        {
            _cutAfter = long.MaxValue;
            HasCut = true;
            _refuses = _staysCut;
            foreach (Socket connection in _open)
            {
                connection.Dispose();
            }

            _open.Clear();
        }
    }
}
