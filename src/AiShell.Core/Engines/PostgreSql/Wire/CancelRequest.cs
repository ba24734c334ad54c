using System.Net.Sockets;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>
/// Asks the server, over a connection of its own, to end what a session is doing (manual, "Canceling Requests in Progress"). A session
/// whose connection is closed notices only when it next sends something, which an index build does at its end.
/// </summary>
/// <param name="Connect">Opens a connection to the same server.</param>
internal sealed record CancelRequest(Func<CancellationToken, Task<WireChannel>> Connect, int ProcessId, byte[] Key)
{
    // 1234 in the high half, 5678 in the low half.
    private const int Code = 80877102;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the server has taken the request, or after a few seconds. The server does not say what came of it.</summary>
    public async Task SendAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            WireChannel channel = await Connect(patience.Token);
            using IDisposable connection = channel.Connection;
            await channel.Stream.WriteAsync(new WireBuffer().BeginUntyped().Int32(Code).Int32(ProcessId).Bytes(Key).End().Written.ToArray(), patience.Token);
            await channel.Stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, patience.Token);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or AiShellException)
        {
            // It was a favour to the server, whose client_connection_check_interval or next row ends the work as well.
        }
    }
}
