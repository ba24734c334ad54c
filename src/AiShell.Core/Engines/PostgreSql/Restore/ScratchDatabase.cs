using AiShell.Connections;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>A throw-away database on the server that the backup came from; dropped with all its sessions.</summary>
internal sealed class ScratchDatabase(ConnectionSettings settings, DatabaseAddress address) : IScratchDatabase
{
    private const string MaintenanceDatabase = "postgres";

    public DatabaseAddress Address { get; } = address;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no server is known.</exception>
    public static Task<IScratchDatabase> CreateAsync(DatabaseAddress? near, Func<DatabaseAddress, ConnectionSettings> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (near is null)
        {
            throw new AiShellException(
                ErrorKind.Usage, "A PostgreSQL backup needs a server to be restored to, and the one it came from is not known here.", "Make its connection again ('ai-shell connect'), or name a server with -d.");
        }

        // Only its name is made here: the restore that fills it makes the database.
        string name = TargetNames.Beside(near.Database.Length > 0 ? near.Database : "backup", "test");
        return Task.FromResult<IScratchDatabase>(new ScratchDatabase(read(near), near with { Database = name }));
    }

    public async ValueTask DisposeAsync()
    {
        (Server server, WireSession admin) = await Server.FindAsync(settings.To(MaintenanceDatabase), CancellationToken.None);
        using (admin)
        {
            string force = server.Version >= 130000 ? " WITH (FORCE)" : "";
            await ServerErrors.RunAsync(
                admin, $"database '{Address.Database}'", session => session.Execute($"DROP DATABASE IF EXISTS {SqlText.Quote(Address.Database)}{force}"), CancellationToken.None);
        }
    }
}
