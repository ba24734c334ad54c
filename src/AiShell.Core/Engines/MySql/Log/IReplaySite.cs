using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>Where a log is done again, and what it may do there.</summary>
internal interface IReplaySite
{
    /// <summary>The session that runs the log's definitions (DDL).</summary>
    MySqlSession Definitions { get; }

    /// <summary>What the database is called here.</summary>
    string Database { get; }

    /// <summary>What to do where the log cannot be done again here.</summary>
    string Hint { get; }

    /// <summary>Why a statement must not be run here; null where it may be. It defines things of the one database only.</summary>
    string? FindObstacle(LoggedStatement statement, DefinedObjects defined);

    /// <summary>The database that names without one lead to.</summary>
    void Enter(string database);

    /// <summary>Whoever runs a definition may do so in anybody's name.</summary>
    bool NamesOwners { get; }

    /// <summary>The account in whose name an object is going to run.</summary>
    void MakeOwner(string sql);

    /// <summary>A definition was run.</summary>
    /// <returns>Why it may not stay; null where it may.</returns>
    string? FindFault(DefinedObjects defined);

    /// <summary>Tables go to another database.</summary>
    /// <returns>Why they cannot; null where they are gone.</returns>
    string? Leave(IReadOnlyList<(ObjectName From, ObjectName To)> tables);

    /// <summary>Why rows must not be written to a table; null where they may be.</summary>
    string? FindUnfit(string table);

    /// <summary>The server says that a statement leaves what may be touched here.</summary>
    bool IsForbidden(ServerError error);
}
