using AiShell.Engines.MySql.Connecting;
using MySqlConnector;

namespace AiShell.Engines.MySql.Wire;

/// <summary>Ends a session of ours from another one (manual, "KILL Statement"), which every account may with its own.</summary>
/// <param name="Id">What KILL takes.</param>
/// <param name="Client">The connection's other end, as the server sees it: behind a balancer a second session may be with another server, where that number is somebody else.</param>
internal sealed record SessionEnd(ConnectionSettings Settings, string Id, string Client)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the server has taken the request, or after a few seconds.</summary>
    public async Task SendAsync()
    {
        try
        {
            await Task.Run(Send).WaitAsync(Patience);
        }
        catch (Exception failure) when (failure is MySqlException or AiShellException or ServerError or ConnectionBroken or TimeoutException or InvalidDataException or InvalidOperationException)
        {
            // It was a favour to the server, which ends the work as well when it next sends something.
        }
    }

    private void Send()
    {
        using MySqlSession session = MySqlSession.Open(Settings with { Database = "", ConnectTimeout = Patience });
        if (OtherSession.ReadAll(session).Any(one => one.Id == Id && one.Client == Client))
        {
            session.Execute($"KILL {Id}");
        }
    }
}
