using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Testing.Engines.MySql;

/// <summary>Replays parts of a log on a database that has the base, as a restore does on its private server, and stops after each transaction.</summary>
public sealed class LogStepper : IDisposable
{
    private readonly MySqlSession _session;
    private readonly LoggedParts _parts;
    private readonly LogReplay _replay;

    /// <param name="position">Where the base ends.</param>
    public LogStepper(DatabaseAddress database, string position)
    {
        _session = MySqlSession.Open(SettingsReader.Read(database, new ProcessEnvironment()));
        _parts = new LoggedParts(database.Database, BinaryLogPosition.Of(new LogPosition(position))!);
        _replay = new LogReplay(_session, database.Database);
    }

    /// <param name="reached">Is given the file and offset where each transaction ends, when it is done.</param>
    public void Replay(Stream plain, Action<string> reached) => _parts.Read(
        plain,
        _replay.Begin,
        next =>
        {
            _replay.Do(next);
            if (next.Ends is { } transaction)
            {
                reached($"{transaction.File}:{transaction.End}");
            }
        });

    public void Dispose() => _session.Dispose();
}
