using System.Text;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A trigger, view, routine or event that stands in a database, with what it takes to make it again (manual, SHOW CREATE …).</summary>
/// <param name="Kind">As in DROP: <c>TRIGGER</c>, <c>PACKAGE BODY</c>.</param>
/// <param name="Create">Statements that leave the session as they found it.</param>
internal sealed record StandingObject(string Kind, string Name, IReadOnlyList<string> Create)
{
    private const string Save = "SET @ai_shell_mode = @@sql_mode, @ai_shell_client = @@character_set_client, @ai_shell_connection = @@collation_connection";
    private const string Restore = "SET sql_mode = @ai_shell_mode, character_set_client = @ai_shell_client, collation_connection = @ai_shell_connection";

    public string Drop => DropStatement(Kind, Name);

    public static string DropStatement(string kind, string name) => $"DROP {kind} IF EXISTS {SqlText.Quote(name)}";

    /// <summary>In the order in which they fire.</summary>
    /// <param name="session">In that database.</param>
    public static List<StandingObject> Triggers(MySqlSession session, string database) => ReadAll(
        session,
        "TRIGGER",
        $"""
        SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {SqlText.Literal(database)}
        ORDER BY EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER
        """);

    /// <summary>Routines, views, events.</summary>
    /// <param name="session">In that database.</param>
    public static List<StandingObject> Others(MySqlSession session, string database)
    {
        string name = SqlText.Literal(database);
        return
        [
            .. session.Query($"SELECT DISTINCT ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} ORDER BY ROUTINE_TYPE")
                .SelectMany(kind => ReadAll(session, kind[0]!, $"SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {name} AND ROUTINE_TYPE = '{kind[0]}'")),
            .. ReadAll(session, "VIEW", $"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {name} AND TABLE_TYPE = 'VIEW'"),
            .. ReadAll(session, "EVENT", $"SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {name}"),
        ];
    }

    private static List<StandingObject> ReadAll(MySqlSession session, string kind, string names) =>
        [.. session.Query(names).Select(row => Read(session, kind, row[0]!))];

    private static StandingObject Read(MySqlSession session, string kind, string name)
    {
        string?[] row = session.Query($"SHOW CREATE {kind} {SqlText.Quote(name)}")[0];
        (int definition, string? mode) = kind switch
        {
            "VIEW" => (1, null),
            "EVENT" => (3, row[1]),
            _ => (2, row[1]),
        };
        string sql = row[definition] ?? throw new AiShellException(
            ErrorKind.Failed, $"The definition of {kind.ToLowerInvariant()} '{name}' is not to be seen, so it could not be kept.", "Restore as a user who may see it, or restore to another name with -d.");
        return new StandingObject(
            kind,
            name,
            [
                Save,
                $"SET {(mode is null ? "" : $"sql_mode = {SqlText.Literal(mode)}, ")}character_set_client = {row[definition + 1]}, collation_connection = {row[definition + 2]}",
                InClientCharacters(session, sql, row[definition + 1]!),
                Restore,
            ]);
    }

    /// <summary>The statement is sent in UTF-8, whatever the server is told that the client speaks.</summary>
    private static string InClientCharacters(MySqlSession session, string sql, string client) =>
        Ascii.IsValid(sql) || client.StartsWith("utf8", StringComparison.Ordinal) || !session.Features.HasCompoundStatements
            ? sql
            : $"EXECUTE IMMEDIATE _utf8mb4 0x{Convert.ToHexString(Encoding.UTF8.GetBytes(sql))}";
}
