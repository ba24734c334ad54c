using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>
/// What the session's account may do on the server and on one database, roles included (manual, SHOW GRANTS). What an account may not
/// see, the server leaves out of its lists without a word, so a backup has to know before it believes them.
/// </summary>
internal sealed partial class Privileges
{
    private const string All = "ALL PRIVILEGES";

    private readonly HashSet<string> _everywhere = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _onDatabase = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, HashSet<string>> _onTables = new(StringComparer.Ordinal);
    private readonly HashSet<string> _revoked = new(StringComparer.OrdinalIgnoreCase);
    private readonly ServerFeatures _features;
    private bool _readsRoutineTable;

    private Privileges(ServerFeatures features) => _features = features;

    public static Privileges Read(MySqlSession session, string database) =>
        Of(session.Query("SHOW GRANTS").Select(row => row[0]!), database, session.Features, ignoreCase: session.Scalar("SELECT @@lower_case_table_names") != "0");

    /// <param name="grants">As SHOW GRANTS says them.</param>
    public static Privileges Of(IEnumerable<string> grants, string database, ServerFeatures features, bool ignoreCase = false)
    {
        Privileges found = new(features);
        foreach (Match grant in grants.Select(text => Grant().Match(text)).Where(grant => grant.Success))
        {
            string[] names = Names(grant.Groups["what"].Value);
            string schema = grant.Groups["schema"].Value;
            string table = grant.Groups["table"].Value;
            if (IsRoutineTable(schema, table))
            {
                found._readsRoutineTable |= names.Contains("SELECT") || names.Contains(All);
            }

            HashSet<string>? place = table != "*" ? found.OfTable(schema, table, database, ignoreCase) : schema == "*" ? found._everywhere : SqlText.Matches(Unquoted(schema), database, ignoreCase) ? found._onDatabase : null;
            if (grant.Groups["verb"].Value == "GRANT")
            {
                place?.UnionWith(names);
                bool lends = grant.Groups["option"].Success;
                found.GrantsEverywhere |= lends && place == found._everywhere;
                found.GrantsOnDatabase |= lends && place is not null && table == "*";
            }
            else if (place == found._onDatabase && place is not null)
            {
                found._revoked.UnionWith(names); // MySQL's partial_revokes
            }
        }

        return found;
    }

    public bool OnTable(string table, string name) =>
        OnDatabase(name) || (_onTables.TryGetValue(table, out HashSet<string>? names) && (names.Contains(name) || names.Contains(All)));

    public bool Everywhere(params string[] anyOf) => _everywhere.Contains(All) || anyOf.Any(_everywhere.Contains);

    public bool OnDatabase(string name) =>
        _onDatabase.Contains(name) || _onDatabase.Contains(All) || (Everywhere(name) && !_revoked.Contains(name));

    /// <summary>All bodies of all routines. MariaDB shows them to who reads mysql.proc, from 11.3 on also by a privilege; MySQL 8 by SHOW_ROUTINE or SELECT on everything.</summary>
    public bool ReadsRoutines =>
        Everywhere("SELECT", "SHOW_ROUTINE") || (HasRoutineTable && _readsRoutineTable) || (HasRoutinePrivilege && OnDatabase("SHOW CREATE ROUTINE"));

    /// <summary>Commits and changes of the schema can be held for a moment.</summary>
    public bool Reloads => Everywhere("RELOAD");

    /// <summary>The binary log's position can be read.</summary>
    public bool SeesBinaryLog => Everywhere("REPLICATION CLIENT", "BINLOG MONITOR", "SUPER");

    /// <summary>Which table was changed meanwhile, and who holds a lock.</summary>
    public bool SeesProcesses => Everywhere("PROCESS");

    /// <summary>Objects can be made that belong to another account.</summary>
    public bool SetsDefiners => Everywhere("SET USER", "SUPER", "SET_USER_ID", "SET_ANY_DEFINER");

    /// <summary>What the account may do on the whole server, it may let others do.</summary>
    public bool GrantsEverywhere { get; private set; }

    /// <summary>The same of the database.</summary>
    public bool GrantsOnDatabase { get; private set; }

    /// <summary>Kinds of things of which some may be there and not be seen, with what to grant; none for an account that can back up the whole database.</summary>
    public IEnumerable<(string What, string Grant)> Unseen()
    {
        if (!OnDatabase("SELECT"))
        {
            yield return ("tables", "SELECT");
        }

        if (!OnDatabase("TRIGGER"))
        {
            yield return ("triggers", "TRIGGER");
        }

        if (!OnDatabase("EVENT"))
        {
            yield return ("events", "EVENT");
        }

        if (!ReadsRoutines)
        {
            yield return ("functions and procedures", HasRoutinePrivilege ? "SHOW CREATE ROUTINE" : HasRoutineTable ? "SELECT ON mysql.proc" : "SHOW_ROUTINE ON *.*");
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: a backup of all would not be one.</exception>
    public void RequireWholeView(bool withTables, bool withOthers)
    {
        (string What, string Grant)[] unseen = [.. Unseen().Where(kind => kind.Grant == "SELECT" ? withTables : withOthers)];
        if (unseen.Length > 0)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The user does not see all {string.Join(", ", unseen.Select(kind => kind.What))} of the database, and a backup without them would not be whole.",
                $"GRANT {string.Join(", ", unseen.Select(kind => kind.Grant))} (docs/mysql.md has the statements), or leave them out with --data-only or --tables.");
        }
    }

    /// <summary>Null for one of another database.</summary>
    private HashSet<string>? OfTable(string schema, string table, string database, bool ignoreCase)
    {
        string name = Unquoted(table);
        return !SqlText.Matches(Unquoted(schema), database, ignoreCase) ? null
            : _onTables.TryGetValue(name, out HashSet<string>? place) ? place
            : _onTables[name] = new(StringComparer.OrdinalIgnoreCase);
    }

    private bool HasRoutineTable => _features.IsMariaDb || _features.Version < 80000;

    private bool HasRoutinePrivilege => _features.IsMariaDb && _features.Version >= 110300;

    private static bool IsRoutineTable(string schema, string table) => Unquoted(schema) == "mysql" && (table == "*" || Unquoted(table) == "proc");

    private static string Unquoted(string name) => name.Length > 1 && name[0] == '`' ? name[1..^1].Replace("``", "`", StringComparison.Ordinal) : name;

    /// <summary>The names, without those of single columns.</summary>
    private static string[] Names(string list) => [.. ColumnLists().Replace(list, "(").Split(',').Where(name => !name.EndsWith('(')).Select(name => name.Trim())];

    [GeneratedRegex("^(?<verb>GRANT|REVOKE) (?<what>.+?) ON (?<schema>\\*|`(?:[^`]|``)*`)\\.(?<table>\\*|`(?:[^`]|``)*`) (?:TO|FROM) (?:.*(?<option>WITH GRANT OPTION))?", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Grant();

    [GeneratedRegex(" \\((?:`(?:[^`]|``)*`|[^)`])*\\)", RegexOptions.CultureInvariant)]
    private static partial Regex ColumnLists();
}
