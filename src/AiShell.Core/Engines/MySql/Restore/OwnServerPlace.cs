using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A private server on this machine, with the accounts in whose name objects run, and the database under the name that it had.</summary>
internal sealed class OwnServerPlace : IReplayPlace
{
    private readonly PrivateServer _server;

    private OwnServerPlace(PrivateServer server, ConnectionSettings copy)
    {
        _server = server;
        Copy = copy;
    }

    public ConnectionSettings Copy { get; }

    public string Name => "the private server";

    /// <param name="database">As the source called it.</param>
    /// <param name="lowerCaseTableNames">As the source had it.</param>
    public static async Task<IReplayPlace> StartAsync(string database, int lowerCaseTableNames, BackupContents contents, Func<DatabaseAddress, ConnectionSettings> read, ServerPrograms programs, CancellationToken cancellationToken)
    {
        PrivateServer server = await PrivateServer.StartAsync(read, programs, contents.EngineVersion, lowerCaseTableNames, cancellationToken);
        OwnServerPlace place = new(server, read(server.Address).To(database));
        try
        {
            using MySqlSession session = await Server.OpenAsync(place.Copy, cancellationToken, "");
            RequireNewEnough(session, contents);
            foreach (string account in contents.Requires.GetValueOrDefault(Requirements.Users) ?? [])
            {
                int at = account.LastIndexOf('@');
                PrivateAccounts.Make(session, account[..at], account[(at + 1)..]);
            }

            return place;
        }
        catch
        {
            await place.DisposeAsync();
            throw;
        }
    }

    public TargetOptions OptionsForBase(TargetOptions options) => options with { KeepOwners = true, WithoutBinaryLog = false };

    public Task RequireAsync(IEnumerable<ScriptEntry> entries, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<LogReplay> BeginAsync(CancellationToken cancellationToken) => new(await Server.OpenMeanwhileAsync(Copy, Name, cancellationToken), Copy.Database);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static void RequireNewEnough(MySqlSession session, BackupContents contents)
    {
        if (ServerFeatures.Of(contents.EngineVersion) is { Version: var source } && session.Features.Version / 100 < source / 100)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The log is of a server {contents.EngineVersion}, and the private server that would replay it is {session.ServerVersionText}.",
                $"Install a server as new as the source's, or name the folder of its programs in {ServerPrograms.Variable}.");
        }
    }
}
