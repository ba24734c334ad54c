using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A throw-away database: on the server that the backup came from, or on a throw-away server of our own, which goes with it. What a killed
/// process left on a server is found by its mark and dropped by the next that makes one there.
/// </summary>
internal sealed class ScratchDatabase(ConnectionSettings settings, MySqlSession admin, DatabaseAddress address, PrivateServer? own) : IScratchDatabase
{
    public DatabaseAddress Address { get; } = address;

    /// <param name="near">Null: on a server of our own.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no server is known, and this machine has none to start.</exception>
    public static async Task<IScratchDatabase> CreateAsync(
        DatabaseAddress? near, Func<DatabaseAddress, ConnectionSettings> read, ServerPrograms programs, CancellationToken cancellationToken)
    {
        PrivateServer? own = near is null ? await PrivateServer.StartAsync(read, programs, ofVersion: null, lowerCaseTableNames: 0, cancellationToken) : null;
        MySqlSession? admin = null;
        try
        {
            DatabaseAddress place = near ?? own!.Address;
            ConnectionSettings settings = read(place);
            admin = await Server.OpenAsync(settings, cancellationToken, "");
            string name = await ServerErrors.RunAsync(admin, $"a database beside '{settings.Database}'", session => Make(session, settings.Database.Length > 0 ? settings.Database : "backup"), cancellationToken);
            return new ScratchDatabase(settings, admin, place with { Database = name }, own);
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

            using MySqlSession session = await Server.OpenAsync(settings, CancellationToken.None, "");
            await ServerErrors.RunAsync(session, $"database '{Address.Database}'", open => TargetNames.Drop(open, Address.Database), CancellationToken.None);
        }
        finally
        {
            admin.Dispose();
        }
    }

    private static string Make(MySqlSession session, string source)
    {
        string target = TableNameCase.Read(session).OfDatabase(source);
        uint number = TargetNames.NewNumber();
        string name = TargetNames.Beside(target, TargetNames.Test, number);
        session.Execute("SET SESSION wait_timeout = 2147483");
        Leftovers.Remove(session, target);
        Leftovers.HoldMark(session, number);
        session.Execute($"CREATE DATABASE {SqlText.Quote(name)} CHARACTER SET utf8mb4");
        return name;
    }
}
