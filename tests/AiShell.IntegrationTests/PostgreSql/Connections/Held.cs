using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>A session of ours that stays open while the test looks at the server from another.</summary>
internal sealed class Held(Server server, WireSession session) : IAsyncDisposable
{
    public Server Server => server;

    public WireSession Session => session;

    public static async Task<Held> OpenAsync(Surroundings user, string url)
    {
        (Server server, WireSession session) = await Server.FindAsync(SettingsReader.Read(DatabaseUrl.Parse(url, user), user), CancellationToken.None);
        return new Held(server, session);
    }

    public ValueTask DisposeAsync()
    {
        session.Dispose();
        return ValueTask.CompletedTask;
    }
}
