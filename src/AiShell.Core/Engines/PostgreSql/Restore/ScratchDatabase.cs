using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// A throw-away database: on the server that the backup came from, dropped with all its sessions, or on a throw-away server of our own,
/// which goes with it. What a killed process left on a server is found by its mark and dropped by the next that makes one there.
/// </summary>
internal sealed class ScratchDatabase(Server server, WireSession admin, DatabaseAddress address, PrivateServer? own) : IScratchDatabase
{
    public DatabaseAddress Address { get; } = address;

    /// <param name="near">Null: on a server of our own.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no server is known, and this machine has none to start.</exception>
    public static async Task<IScratchDatabase> CreateAsync(
        DatabaseAddress? near, Func<DatabaseAddress, ConnectionSettings> read, ServerTools tools, CancellationToken cancellationToken)
    {
        PrivateServer? own = near is null ? await PrivateServer.StartAsync(tools, cancellationToken) : null;
        WireSession? admin = null;
        try
        {
            DatabaseAddress place = near ?? own!.Address;
            string source = place.Database.Length > 0 ? place.Database : "backup";
            uint number = TargetNames.NewNumber();
            string name = TargetNames.Beside(source, TargetNames.Test, number);
            (Server server, admin) = await MaintenanceDatabase.FindAsync(read(place).To(name), cancellationToken);
            await ServerErrors.RunAsync(admin, $"database '{name}'", session => Make(server, session, source, name, number), cancellationToken);
            return new ScratchDatabase(server, admin, place with { Database = name }, own);
        }
        catch
        {
            admin?.Dispose();
            if (own is not null)
            {
                await own.DisposeAsync();
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (own is not null)
            {
                await own.DisposeAsync();
                return;
            }

            using WireSession session = await server.OpenAsync(CancellationToken.None);
            await ServerErrors.RunAsync(session, $"database '{Address.Database}'", open => TargetNames.DropCopy(server, open, Address.Database), CancellationToken.None);
        }
        finally
        {
            admin.Dispose();
        }
    }

    private static void Make(Server server, WireSession session, string source, string name, uint number)
    {
        Leftovers.Remove(server, session, source);
        Leftovers.HoldMark(session, number);
        session.Execute($"CREATE DATABASE {SqlText.Quote(name)} TEMPLATE template0");
    }
}
