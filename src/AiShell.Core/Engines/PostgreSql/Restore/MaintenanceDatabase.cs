using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>The database from which others are made, renamed and dropped: by custom postgres, which every server is made with.</summary>
internal static class MaintenanceDatabase
{
    private const string Usual = "postgres";

    // Nobody can make a database of it while somebody is connected to it, so it is the second choice.
    private const string Otherwise = "template1";

    /// <summary>A session in it; as no session's own database can be renamed, it is never the settings' own.</summary>
    public static async Task<(Server Server, WireSession Session)> FindAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Database == Usual)
        {
            return await Server.FindAsync(settings.To(Otherwise), cancellationToken);
        }

        try
        {
            return await Server.FindAsync(settings.To(Usual), cancellationToken);
        }
        catch (AiShellException failure) when (failure is { Kind: ErrorKind.Unreachable, InnerException: ServerError { SqlState: "3D000" or "42501" or "28000" } } && settings.Database != Otherwise)
        {
            // The server dropped it or keeps this user out.
            try
            {
                return await Server.FindAsync(settings.To(Otherwise), cancellationToken);
            }
            catch (AiShellException second) when (second.Kind == ErrorKind.Unreachable)
            {
                throw failure;
            }
        }
    }
}
