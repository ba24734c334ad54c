using AiShell.Engines.MySql;
using AiShell.Engines.PostgreSql;
using AiShell.Engines.Sqlite;

namespace AiShell.Engines;

/// <summary>Every engine there is, one line each.</summary>
public sealed class EngineRegistry
{
    private readonly IDatabaseEngine[] _engines =
    [
        new SqliteEngine(),
        new PostgreSqlEngine(),
        new MySqlEngine(),
    ];

    public IReadOnlyList<IDatabaseEngine> All => _engines;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no such engine.</exception>
    public IDatabaseEngine ByName(string name) =>
        Array.Find(_engines, engine => engine.Name == name)
        ?? throw new AiShellException(
            ErrorKind.Usage,
            $"This version of ai-shell has no engine '{name}'.",
            $"It knows {string.Join(", ", _engines.Select(engine => engine.Name))}.");

    /// <summary>The engine that serves a URL scheme, or null.</summary>
    public IDatabaseEngine? ByScheme(string scheme) =>
        Array.Find(_engines, engine => engine.Capabilities.Schemes.Contains(scheme));
}
