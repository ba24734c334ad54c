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
    public static async Task<IScratchDatabase> CreateAsync(DatabaseAddress? near, Func<DatabaseAddress, ConnectionSettings> read, CancellationToken cancellationToken)
    {
        if (near is null)
        {
            throw new AiShellException(
                ErrorKind.Usage, "A PostgreSQL backup needs a server to be restored to, and the one it came from is not known here.", "Make its connection again ('ai-shell connect'), or name a server with -d.");
        }

        string name = TargetNames.Beside(near.Database.Length > 0 ? near.Database : "backup", TargetNames.Test, TargetNames.NewNumber());
        ScratchDatabase scratch = new(read(near), near with { Database = name });
        await scratch.RunAsync($"CREATE DATABASE {SqlText.Quote(name)} TEMPLATE template0", cancellationToken);
        return scratch;
    }

    public async ValueTask DisposeAsync() => await RunAsync($"DROP DATABASE IF EXISTS {SqlText.Quote(Address.Database)} WITH (FORCE)", CancellationToken.None);

    private async Task RunAsync(string statement, CancellationToken cancellationToken)
    {
        (_, WireSession admin) = await Server.FindAsync(settings.To(MaintenanceDatabase), cancellationToken);
        using (admin)
        {
            await ServerErrors.RunAsync(admin, $"database '{Address.Database}'", session => session.Execute(statement), cancellationToken);
        }
    }
}
