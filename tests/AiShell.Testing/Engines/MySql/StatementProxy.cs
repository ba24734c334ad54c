using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AiShell.Testing.Engines.MySql;

/// <summary>How far a statement has come when its client's connection ends.</summary>
internal enum StatementStop
{
    /// <summary>It never reaches the server.</summary>
    Unsent,

    /// <summary>It reaches the server, which finds the client gone.</summary>
    OnTheWay,

    /// <summary>The server has carried it out; its answer does not come back.</summary>
    Answered,
}

/// <summary>
/// Stands between a client and a server and looks at the client's statements. From one that has a mark on it counts those of the same
/// connection, and stops at one of them: cuts the connection and all later ones, as if the client's process had been killed, or holds it for
/// as long as the client lives, so that it can be killed at a moment that does not pass. Without TLS.
/// </summary>
internal sealed class StatementProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _work = [];
    private readonly List<string> _statements = [];
    private readonly int _serverPort;
    private readonly string _mark;
    private readonly (byte[] Old, byte[] New)? _version;

    /// <param name="version">A part of the server's version and what is said instead, of the same length, wherever the server says it.</param>
    public StatementProxy(int serverPort, string mark, (string Old, string New)? version = null)
    {
        _serverPort = serverPort;
        _mark = mark;
        _version = version is var (old, replacement) ? (Encoding.ASCII.GetBytes(old), Encoding.ASCII.GetBytes(replacement)) : null;
        _listener.Start();
        _work.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The number of the statement to stop at, 1 for the marked one.</summary>
    public int StopAt { get; init; } = int.MaxValue;

    public StatementStop Stop { get; init; }

    /// <summary>Holds the connection instead of cutting it.</summary>
    public bool Holds { get; init; }

    public bool HasStopped => _stopped.Task.IsCompleted;

    /// <summary>Completes when the proxy stops: the client waits for an answer that does not come.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>Completes when after that the client is gone and the server has seen the connection's end.</summary>
    public Task Over => _over.Task;

    /// <summary>The counted statements that came.</summary>
    public string[] Statements
    {
        get
        {
            lock (_statements)
            {
                return [.. _statements];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Task[] work;
        lock (_work)
        {
            work = [.. _work];
        }

        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
            lock (_work)
            {
                _work.Add(ServeAsync(client));
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient server = new();
        using (client)
        {
            if (HasStopped && !Holds)
            {
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
            Answers answers = new();
            Task back = BackAsync(server.GetStream(), client.GetStream(), answers);
            byte[]? held = await ForwardAsync(client.GetStream(), server.GetStream(), answers);
            if (held is null)
            {
                server.Client.Shutdown(SocketShutdown.Send);
                await back;
                return;
            }

            _stopped.TrySetResult();
            await (Holds ? GoneAsync(client.GetStream()) : Task.CompletedTask);
            client.Close();
            _ = answers.Withhold();
            await server.GetStream().WriteAsync(held, _stop.Token);
            server.Client.Shutdown(SocketShutdown.Send); // the server reads what was sent before it sees the end
            await back;
            _over.TrySetResult();
        }
    }

    /// <summary>Until the server closes the connection.</summary>
    private async Task BackAsync(NetworkStream server, NetworkStream client, Answers answers)
    {
        byte[] buffer = new byte[64 * 1024];
        for (int read = await server.ReadAsync(buffer, _stop.Token); read > 0; read = await server.ReadAsync(buffer, _stop.Token))
        {
            while (_version is var (old, replacement) && buffer.AsSpan(0, read).IndexOf(old) is >= 0 and var at)
            {
                replacement.CopyTo(buffer, at);
            }

            if (!answers.Keep())
            {
                await client.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
    }

    /// <returns>Null when the client ended the connection, at the stop what the server has yet to get.</returns>
    private async Task<byte[]?> ForwardAsync(NetworkStream client, NetworkStream server, Answers answers)
    {
        int counted = 0;
        byte[] header = new byte[4];
        while (await client.ReadAtLeastAsync(header, 4, throwOnEndOfStream: false, _stop.Token) == 4)
        {
            byte[] packet = [.. header, .. new byte[header[0] | (header[1] << 8) | (header[2] << 16)]];
            await client.ReadExactlyAsync(packet.AsMemory(4), _stop.Token);
            bool isStatement = packet.Length > 5 && packet[4] == 3 && header[3] == 0;
            if (isStatement && TextOf(packet) is var text && (counted > 0 || text.Contains(_mark, StringComparison.Ordinal)))
            {
                counted++;
                lock (_statements)
                {
                    _statements.Add(text);
                }
            }

            bool isLast = isStatement && counted == StopAt;
            if (isLast && Stop != StatementStop.Answered)
            {
                return Stop == StatementStop.OnTheWay ? packet : [];
            }

            Task answered = isLast ? answers.Withhold() : Task.CompletedTask;
            await server.WriteAsync(packet, _stop.Token);
            if (isLast)
            {
                await answered.WaitAsync(_stop.Token);
                return [];
            }
        }

        return null;
    }

    /// <summary>MySQL's clients say before it that they have no parameters, and one set of them.</summary>
    private static string TextOf(byte[] packet) => Encoding.UTF8.GetString(packet, 5, packet.Length - 5).TrimStart('\0', '\u0001');

    /// <summary>A client that is killed may end its connection by a reset.</summary>
    private async Task GoneAsync(NetworkStream client)
    {
        try
        {
            await client.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, _stop.Token);
        }
        catch (IOException)
        {
            // That is what was waited for.
        }
    }

    /// <summary>What one connection's server says, which is kept from the client from some moment on.</summary>
    private sealed class Answers
    {
        private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _withheld;

        /// <returns>Completes with the next answer.</returns>
        public Task Withhold()
        {
            _withheld = true;
            return _came.Task;
        }

        /// <summary>An answer is here; true when the client must not see it.</summary>
        public bool Keep()
        {
            if (_withheld)
            {
                _came.TrySetResult();
            }

            return _withheld;
        }
    }
}
