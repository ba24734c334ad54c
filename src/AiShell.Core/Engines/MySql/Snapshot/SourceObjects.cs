using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>A view, library, routine, trigger or event with what the server remembers of the session that made it.</summary>
/// <param name="Sql">Without the database's name, in UTF-8.</param>
/// <param name="SqlMode">Null where it has none.</param>
/// <param name="Client">Character set of the text, as it was sent.</param>
/// <param name="Connection">Collation of its literals.</param>
/// <param name="DatabaseCollation">Of its parameters and variables that name none; null where it has none.</param>
/// <param name="TimeZone">Of an event; null for others.</param>
/// <param name="Table">Of a trigger; null for others.</param>
internal sealed record SourceObject(
    string Kind, string Name, string Sql, string? SqlMode, string Client, string Connection, string? DatabaseCollation, string? TimeZone, string? Table);

/// <summary>Reads views, libraries, routines, triggers and events of the session's default database (manual, SHOW CREATE …).</summary>
internal static class SourceObjects
{
    public const string View = "VIEW";
    public const string Library = "LIBRARY";
    public const string Function = "FUNCTION";
    public const string Procedure = "PROCEDURE";
    public const string Package = "PACKAGE";
    public const string PackageBody = "PACKAGE BODY";
    public const string Trigger = "TRIGGER";
    public const string Event = "EVENT";

    // A table, a column, a function, a view below it, a sequence that is not there.
    private static readonly int[] RefersToNothing = [1146, 1054, 1305, 1356, 4091];

    private const int NoSuchObject = 1305;
    private const int NoSuchTrigger = 1360;
    private const int NoSuchEvent = 1539;
    private const int NoSuchTable = 1146;
    private const int NotAView = 1347;

    /// <param name="views">Those that are wanted.</param>
    /// <param name="ofTablesAlone">No routines and no events.</param>
    /// <exception cref="SchemaChanged">One went while it was asked for.</exception>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: one may not be read.</exception>
    public static List<SourceObject> Read(MySqlSession session, IReadOnlyList<string> views, bool ofTablesAlone = false)
    {
        string database = session.Scalar("SELECT DATABASE()")!;
        return
        [
            .. views.Select(view => ReadView(session, database, view)),
            .. ofTablesAlone ? [] : ReadLibraries(session),
            .. ofTablesAlone ? [] : ReadRoutines(session, database),
            .. ReadTriggers(session),
            .. ofTablesAlone ? [] : ReadEvents(session),
        ];
    }

    /// <summary>Whether the server takes a view's query: what it refers to may be gone. That somebody may not read it does no harm.</summary>
    public static bool CanBeMade(MySqlSession session, SourceObject view)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(view.Sql);
        int query = tokens.FindIndex(tokens.FindIndex(token => token.Is("VIEW")) + 1, token => token.Is("AS"));
        try
        {
            bool hasCheck = tokens.Count > 4 && tokens[^1].Is("OPTION") && tokens[^2].Is("CHECK");
            session.Execute($"SET @ai_shell_view = {SqlText.Literal(view.Sql[tokens[query].End..(hasCheck ? tokens[^4].Start : tokens[^1].End)])}");
            session.Execute("PREPARE ai_shell_view FROM @ai_shell_view");
            session.Execute("DEALLOCATE PREPARE ai_shell_view");
            return true;
        }
        catch (ServerError error)
        {
            return !RefersToNothing.Contains(error.Number);
        }
    }

    private static IEnumerable<SourceObject> ReadLibraries(MySqlSession session)
    {
        if (!session.Features.HasLibraries)
        {
            yield break;
        }

        foreach (string?[] row in session.Query("SELECT LIBRARY_NAME FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = DATABASE() ORDER BY LIBRARY_NAME"))
        {
            string?[] shown = Show(session, Library, row[0]!, NoSuchObject);
            yield return new SourceObject(Library, row[0]!, shown[2]!, shown[1], "utf8mb4", "utf8mb4_general_ci", null, null, null);
        }
    }

    private static IEnumerable<SourceObject> ReadRoutines(MySqlSession session, string database)
    {
        foreach (string?[] row in session.Query("SELECT ROUTINE_TYPE, ROUTINE_NAME, ROUTINE_BODY FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY ROUTINE_TYPE, ROUTINE_NAME"))
        {
            string?[] shown = Show(session, row[0]!, row[1]!, NoSuchObject);
            string sql = row[2] == "SQL" ? shown[2]! : RoutineDefinition.WithoutDatabase(shown[2]!, database);
            yield return new SourceObject(row[0]!, row[1]!, sql, shown[1], shown[3]!, shown[4]!, shown[5], null, null);
        }
    }

    private static IEnumerable<SourceObject> ReadTriggers(MySqlSession session)
    {
        foreach (string?[] row in session.Query("SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER"))
        {
            string?[] shown = Show(session, Trigger, row[0]!, NoSuchTrigger);
            yield return new SourceObject(Trigger, row[0]!, TriggerDefinition.WithoutDatabase(shown[2]!, row[1]!), shown[1], shown[3]!, shown[4]!, shown[5], null, row[1]);
        }
    }

    private static IEnumerable<SourceObject> ReadEvents(MySqlSession session)
    {
        foreach (string?[] row in session.Query("SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY EVENT_NAME"))
        {
            string?[] shown = Show(session, Event, row[0]!, NoSuchEvent);
            yield return new SourceObject(Event, row[0]!, shown[3]!, shown[1], shown[4]!, shown[5]!, shown[6], shown[2], null);
        }
    }

    private static SourceObject ReadView(MySqlSession session, string database, string view)
    {
        string?[] shown = Show(session, View, view, NoSuchTable);
        return new SourceObject(View, view, ViewDefinition.WithoutDatabase(shown[1]!, database), null, shown[2]!, shown[3]!, null, null, null);
    }

    private static string?[] Show(MySqlSession session, string kind, string name, int missing)
    {
        try
        {
            string?[] row = session.Query($"SHOW CREATE {kind} {SqlText.Quote(name)}")[0];
            int definition = kind switch { View => 1, Event => 3, _ => 2 };
            return row[definition] is not null ? row : throw NotReadable(kind, name, null);
        }
        catch (ServerError error) when (error.Number == missing || error.Number == NotAView)
        {
            throw new SchemaChanged(name, error);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw NotReadable(kind, name, error);
        }
    }

    private static AiShellException NotReadable(string kind, string name, ServerError? error) => new(
        ErrorKind.Failed,
        $"The {kind.ToLowerInvariant()} '{name}' may not be read by this user, and a backup without it would not be whole.",
        kind switch
        {
            View => "Grant SHOW VIEW on the database.",
            Trigger => "Grant TRIGGER on the database.",
            Event => "Grant EVENT on the database.",
            _ => "Grant SELECT on mysql.proc (MariaDB before 11.3), SHOW CREATE ROUTINE (MariaDB) or SHOW_ROUTINE (MySQL).",
        },
        error);
}

/// <summary>Somebody changed the schema while it was read; what was read is not of one moment.</summary>
internal sealed class SchemaChanged(string name, Exception? cause = null) : Exception($"'{name}' was changed meanwhile", cause)
{
    public string Name { get; } = name;
}
