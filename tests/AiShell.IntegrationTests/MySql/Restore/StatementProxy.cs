using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>
/// Stands between a client and a server and looks at the client's statements. From one that has a mark on it counts those of the same
/// connection, and cuts it and all later ones, as if the client's process had been killed. Without TLS.
/// </summary>
internal sealed class StatementProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];
    private readonly int _serverPort;
    private readonly string _mark;
    private readonly int _cutAt;
    private readonly bool _passesLast;
    private readonly (byte[] Old, byte[] New)? _greeting;
    private bool _isCut;

    /// <param name="cutAt">The number of the statement that is the last, 1 for the marked one.</param>
    /// <param name="passesLast">It reaches the server; its answer does not come back.</param>
    /// <param name="greeting">What is said instead of a part of the server's greeting, of the same length.</param>
    public StatementProxy(int serverPort, string mark, int cutAt, bool passesLast, (string Old, string New)? greeting = null)
    {
        _serverPort = serverPort;
        _mark = mark;
        _cutAt = cutAt;
        _passesLast = passesLast;
        _greeting = greeting is var (old, replacement) ? (Encoding.ASCII.GetBytes(old), Encoding.ASCII.GetBytes(replacement)) : null;
        _listener.Start();
        _work.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The statement came and the connections were cut.</summary>
    public bool IsCut => Volatile.Read(ref _isCut);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            if (IsCut)
            {
                return;
            }

            await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
            Task back = BackAsync(server.GetStream(), client.GetStream());
            await ForwardAsync(client.GetStream(), server.GetStream());
            client.Close();
            if (_passesLast && IsCut)
            {
                await Task.Delay(300, CancellationToken.None); // the server reads what was sent before it sees the end
            }
        }
    }

    private async Task BackAsync(NetworkStream server, NetworkStream client)
    {
        byte[] buffer = new byte[64 * 1024];
        bool first = true;
        for (int read = await server.ReadAsync(buffer, _stop.Token); read > 0; read = await server.ReadAsync(buffer, _stop.Token))
        {
            if (first && _greeting is var (old, replacement) && buffer.AsSpan(0, read).IndexOf(old) is >= 0 and var at)
            {
                replacement.CopyTo(buffer, at);
            }

            first = false;
            await client.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task ForwardAsync(NetworkStream client, NetworkStream server)
    {
        int counted = 0;
        byte[] header = new byte[4];
        while (await client.ReadAtLeastAsync(header, 4, throwOnEndOfStream: false, _stop.Token) == 4)
        {
            byte[] packet = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
            await client.ReadExactlyAsync(packet, _stop.Token);
            bool isStatement = packet.Length > 1 && packet[0] == 3 && header[3] == 0;
            counted += isStatement && (counted > 0 || Encoding.UTF8.GetString(packet).Contains(_mark, StringComparison.Ordinal)) ? 1 : 0;
            bool last = isStatement && counted == _cutAt;
            if (last)
            {
                Volatile.Write(ref _isCut, true);
            }

            if (!last || _passesLast)
            {
                await server.WriteAsync(header, _stop.Token);
                await server.WriteAsync(packet, _stop.Token);
            }

            if (last)
            {
                return;
            }
        }
    }
}
