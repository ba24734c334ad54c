using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>What sessions that write have besides the settings of all.</summary>
internal static class RestoreSession
{
    private const int FirstWithConnectionCheck = 140000;

    /// <summary>A client that vanished must not hold locks in a long statement: the server looks after it (manual, client_connection_check_interval, tcp_keepalives_idle).</summary>
    public static void Prepare(WireSession session)
    {
        session.Execute("SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6");
        if (session.ServerVersion >= FirstWithConnectionCheck)
        {
            session.Execute("SET client_connection_check_interval = '2s'");
        }
    }
}
