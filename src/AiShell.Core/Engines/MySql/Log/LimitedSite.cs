using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// A scratch database of a server that others use. Definitions are run by an account that may do nothing outside of it and may run no routine: what reaches further, the server refuses.
/// Rows are written by the restore's own session, to tables that keep them in this database.
/// </summary>
/// <param name="definitions">The limited account's, in the scratch database.</param>
/// <param name="admin">The restore's.</param>
/// <param name="database">The scratch database.</param>
/// <param name="source">What the log calls it.</param>
/// <param name="account">As a statement names it.</param>
/// <param name="user">The account's user.</param>
internal sealed class LimitedSite(MySqlSession definitions, MySqlSession admin, string database, string source, string account, string user) : IReplaySite
{
    private const int NoSuchRoutineGrant = 1403;

    // Databases, tables, columns, privileges of the server, routines, functions where there is a binary log.
    private static readonly int[] Forbidden = [1044, 1142, 1143, 1227, 1370, 1410, 1418, 1419, 1435, 1901];
    private static readonly string[] WithOwners = ["VIEW", "PROCEDURE", "FUNCTION", "PACKAGE", "TRIGGER", "EVENT"];

    private readonly HashSet<string> _fit = new(StringComparer.Ordinal);
    private readonly TableNameCase _case = TableNameCase.Read(admin);

    public MySqlSession Definitions => definitions;

    public string Database => database;

    public bool NamesOwners => false;

    /// <summary>How to have a private server instead.</summary>
    public required string Install { get; init; }

    public string Hint => $"{Install}, on which the log may do anything; or restore to a moment before it.";

    /// <summary>What the server would refuse anyway is told more clearly; the rest is run in somebody's name, or at some time.</summary>
    public string? FindObstacle(LoggedStatement statement, DefinedObjects defined)
    {
        List<string> words = DefinedObjects.WordsOf(statement);
        bool hasBody = WithOwners.Contains(defined.Kind) && defined.Kind != "VIEW";
        if (!_case.IsSame(statement.Database, source) || (!hasBody && IsNamed(words, orAlone: defined.Kind == "DATABASE")) || (defined.Kind == "DATABASE" && defined.Verb != "ALTER"))
        {
            return $"names the database '{source}' in its text, which is not that of this copy";
        }

        if (defined is { Verb: "CREATE", Kind: "TABLE" } && words.Index().Any(word => Is(word.Item, "SELECT") || (Is(word.Item, "VALUES") && !(IsAt(words, word.Index + 1, "LESS") || IsAt(words, word.Index + 1, "IN")))))
        {
            return "fills a table by a query";
        }

        return defined.Kind == "EVENT" && Schedules(admin) ? "defines an event, which the server's event scheduler would run" : null;
    }

    public static bool Schedules(MySqlSession session) => session.Scalar("SELECT @@global.event_scheduler") == "ON";

    public void Enter(string database)
    {
        // Always the scratch database: a statement that was run in another is refused.
    }

    public void MakeOwner(string sql)
    {
        // Accounts of a server that others use are left as they are.
    }

    public string? FindFault(DefinedObjects defined)
    {
        _fit.Clear();
        if (!WithOwners.Contains(defined.Kind))
        {
            return null;
        }

        if (defined.Verb == "CREATE" && defined.Kind is "FUNCTION" or "PROCEDURE" or "PACKAGE")
        {
            Disarm(defined);
        }

        string own = SqlText.Literal($"{user}@%");
        string? owned = admin.Scalar(
            $"SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = {Schema} AND DEFINER = {own} UNION ALL SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {Schema} AND DEFINER = {own} "
            + $"UNION ALL SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {Schema} AND DEFINER = {own} UNION ALL SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {Schema} AND DEFINER = {own} LIMIT 1");
        return owned is null ? null : $"leaves open to whom '{owned}' belongs";
    }

    /// <summary>In this database it is as if they were dropped; what a foreign key did to it from then on is in no log.</summary>
    public string? Leave(IReadOnlyList<(ObjectName From, ObjectName To)> tables)
    {
        foreach ((ObjectName from, _) in tables)
        {
            string name = SqlText.Literal(from.Name);
            if (admin.Scalar($"SELECT 1 FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = {Schema} AND REFERENCED_TABLE_SCHEMA = {Schema} AND REFERENCED_TABLE_NAME = {name} AND TABLE_NAME <> {name} LIMIT 1") is not null)
            {
                return $"moves the table '{from.Name}' to another database, and a foreign key of this one refers to it";
            }

            definitions.Execute("SET SESSION foreign_key_checks = 0");
            definitions.Execute($"DROP TABLE {SqlText.Quote(database, from.Name)}");
            definitions.Execute("SET SESSION foreign_key_checks = 1");
        }

        _fit.Clear();
        return null;
    }

    /// <summary>Whoever writes rows may write everywhere: they must stay in this database, and call for nothing outside of it.</summary>
    public string? FindUnfit(string table)
    {
        if (_fit.Contains(table))
        {
            return null;
        }

        string where = $"TABLE_SCHEMA = {Schema} AND TABLE_NAME = {SqlText.Literal(table)}";
        if (admin.Query($"SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES WHERE {where}") is [[var type, var engine]])
        {
            if (type is "VIEW" or "SYSTEM VIEW" || engine is null || !StorageEngines.HasRows(engine))
            {
                return $"changes rows of '{table}', which keeps them elsewhere ({engine ?? type})";
            }

            string inside = SqlText.Literal($"val({SqlText.Quote(database)}.");
            if (admin.Scalar($"SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE {where} AND REPLACE(COLUMN_DEFAULT, {inside}, '') LIKE '%val(`%' LIMIT 1") is { } column)
            {
                return $"changes rows of '{table}', whose column '{column}' takes its default from a sequence of another database";
            }
        }

        if (LimitedRequirements.RunsTriggers(admin))
        {
            return "would run triggers, for the server has slave_run_triggers_for_rbr set";
        }

        _fit.Add(table);
        return null;
    }

    public bool IsForbidden(ServerError error) => Forbidden.Contains(error.Number);

    private string Schema => SqlText.Literal(database);

    /// <summary>The server lets whoever makes a routine run it (automatic_sp_privileges), with the rights of whom it belongs to.</summary>
    private void Disarm(DefinedObjects defined)
    {
        foreach (string kind in defined.Kind == "PACKAGE" ? ["PACKAGE", "PACKAGE BODY"] : new[] { defined.Kind })
        {
            try
            {
                admin.Execute($"REVOKE EXECUTE ON {kind} {SqlText.Quote(database, defined.Objects[0].Name)} FROM {account}");
            }
            catch (ServerError error) when (error.Number is NoSuchRoutineGrant or 1305)
            {
                // It was not given.
            }
        }
    }

    private bool IsNamed(List<string> words, bool orAlone) => words.Index().Any(word => DefinedObjects.IsName(word.Item, source, _case) && (orAlone || IsAt(words, word.Index + 1, ".")));

    private static bool IsAt(List<string> words, int index, string word) => index < words.Count && Is(words[index], word);

    private static bool Is(string word, string other) => word.Equals(other, StringComparison.OrdinalIgnoreCase);
}
