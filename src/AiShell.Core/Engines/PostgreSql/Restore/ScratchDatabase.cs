using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// A throw-away database: on the server that the backup came from, dropped with all its sessions, or on a throw-away server of our own,
/// which goes with it.
/// </summary>
internal sealed class ScratchDatabase(ConnectionSettings settings, DatabaseAddress address, PrivateServer? server) : IScratchDatabase
{
    public DatabaseAddress Address { get; } = address;

    /// <param name="near">Null: on a server of our own.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no server is known, and this machine has none to start.</exception>
    public static async Task<IScratchDatabase> CreateAsync(
        DatabaseAddress? near, Func<DatabaseAddress, ConnectionSettings> read, ServerTools tools, CancellationToken cancellationToken)
    {
        PrivateServer? server = near is null ? await PrivateServer.StartAsync(tools, cancellationToken) : null;
        try
        {
            DatabaseAddress place = near ?? server!.Address;
            string name = TargetNames.Beside(place.Database.Length > 0 ? place.Database : "backup", TargetNames.Test, TargetNames.NewNumber());
            ScratchDatabase scratch = new(read(place), place with { Database = name }, server);
            await scratch.RunAsync($"CREATE DATABASE {SqlText.Quote(name)} TEMPLATE template0", cancellationToken);
            return scratch;
        }
        catch
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }

            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
            return;
        }

        await RunAsync($"DROP DATABASE IF EXISTS {SqlText.Quote(Address.Database)} WITH (FORCE)", CancellationToken.None);
    }

    private async Task RunAsync(string statement, CancellationToken cancellationToken)
    {
        (_, WireSession admin) = await Server.FindAsync(settings.To(StagingDatabase.MaintenanceDatabase), cancellationToken);
        using (admin)
        {
            await ServerErrors.RunAsync(admin, $"database '{Address.Database}'", session => session.Execute(statement), cancellationToken);
        }
    }
}
