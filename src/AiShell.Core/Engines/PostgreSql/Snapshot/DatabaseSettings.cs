using System.Text;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>
/// What is set on the database itself: its owner, comment, limits, settings, grants. The statements name the database that they run in,
/// for it may have another name where it is restored.
/// </summary>
internal static class DatabaseSettings
{
    public const string Kind = "DATABASE SETTINGS";
    private const string Of = "(SELECT oid FROM pg_database WHERE datname = current_database())";

    // Lists of names, each of which is a text of its own (PostgreSQL's variable_is_guc_list_quote()).
    private static readonly HashSet<string> Lists =
        ["local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"];

    /// <summary>
    /// Gives the database its owner, before there is anything in it: who owns it may do in the schema public what others may not, and a
    /// user who is no superuser may give an object only to who might have made it there.
    /// </summary>
    public static ScriptEntry ReadOwner(WireSession session, ref int next)
    {
        string owner = session.Scalar("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")!;
        return ScriptEntry.Create(next++, Kind, "", "owner", "", ownerSql: Run([("ALTER DATABASE ", $" OWNER TO {SqlText.Quote(owner)}")]), owner: owner);
    }

    public static IReadOnlyList<ScriptEntry> Read(WireSession session, ref int next)
    {
        string?[] row = session.Query(
            "SELECT pg_get_userbyid(datdba), shobj_description(oid, 'pg_database'), datconnlimit, datistemplate, datacl IS NULL FROM pg_database WHERE datname = current_database()")[0];
        string owner = row[0]!;
        List<(string Before, string After)> own = [];
        List<(string Before, string After)> ofRoles = [];
        if (row[1] is { } comment)
        {
            own.Add(("COMMENT ON DATABASE ", $" IS {SqlText.Literal(comment)}"));
        }

        foreach (string?[] label in session.Query($"SELECT provider, label FROM pg_shseclabel WHERE classoid = 'pg_database'::regclass AND objoid = {Of} ORDER BY 1"))
        {
            own.Add(($"SECURITY LABEL FOR {SqlText.Quote(label[0]!)} ON DATABASE ", $" IS {SqlText.Literal(label[1]!)}"));
        }

        foreach (string?[] setting in session.Query($"SELECT r.rolname, c.setting FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) WITH ORDINALITY c(setting, place) LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = {Of} ORDER BY 1, c.place"))
        {
            string assignment = Assignment(setting[1]!);
            if (setting[0] is { } role)
            {
                ofRoles.Add(($"ALTER ROLE {SqlText.Quote(role)} IN DATABASE ", assignment));
            }
            else
            {
                own.Add(("ALTER DATABASE ", assignment));
            }
        }

        if (row[2] != "-1")
        {
            own.Add(("ALTER DATABASE ", $" CONNECTION LIMIT {row[2]}"));
        }

        if (row[3] == "t")
        {
            own.Add(("ALTER DATABASE ", " IS_TEMPLATE true"));
        }

        List<ScriptEntry> entries = own.Count > 0 ? [ScriptEntry.Create(next++, Kind, "", "database", Run(own))] : [];
        if (row[4] != "t")
        {
            ofRoles.AddRange(Grants(session, owner));
        }

        if (ofRoles.Count > 0)
        {
            entries.Add(ScriptEntry.Create(next++, "ACL", "", "database", Run(ofRoles)));
        }

        return entries;
    }

    private static IEnumerable<(string Before, string After)> Grants(WireSession session, string owner)
    {
        yield return ("REVOKE ALL ON DATABASE ", " FROM PUBLIC");
        yield return ("REVOKE ALL ON DATABASE ", $" FROM {SqlText.Quote(owner)}");
        List<string?[]> grants = session.Query(
            $"SELECT r.rolname, a.privilege_type, a.is_grantable FROM pg_database d, aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.oid = {Of} ORDER BY 1 NULLS FIRST, 2");
        foreach (string?[] grant in grants)
        {
            yield return ($"GRANT {grant[1]} ON DATABASE ", $" TO {(grant[0] is { } role ? SqlText.Quote(role) : "PUBLIC")}{(grant[2] == "t" ? " WITH GRANT OPTION" : "")}");
        }
    }

    private static string Assignment(string setting)
    {
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        string name = setting[..equals];
        string value = setting[(equals + 1)..];
        string written = Lists.Contains(name) ? string.Join(", ", SplitNames(value).Select(SqlText.Literal)) : SqlText.Literal(value);
        return $" SET {SqlText.Quote(name)} TO {(written.Length == 0 ? "''" : written)}";
    }

    /// <summary>Names separated by commas, in double quotes where they need them.</summary>
    private static IEnumerable<string> SplitNames(string list)
    {
        StringBuilder name = new();
        bool quoted = false;
        bool any = false;
        for (int at = 0; at < list.Length; at++)
        {
            char letter = list[at];
            if (letter == '"' && quoted && at + 1 < list.Length && list[at + 1] == '"')
            {
                name.Append(list[++at]);
            }
            else if (letter == '"')
            {
                quoted = !quoted;
                any = true;
            }
            else if (letter == ',' && !quoted)
            {
                yield return name.ToString();
                name.Clear();
                any = false;
            }
            else if (letter != ' ' || quoted)
            {
                name.Append(letter);
                any = true;
            }
        }

        if (any)
        {
            yield return name.ToString();
        }
    }

    private static string Run(List<(string Before, string After)> statements)
    {
        if (statements.Count == 0)
        {
            return "";
        }

        string body = string.Join("\n", statements.Select(statement => $"  EXECUTE {SqlText.Literal(statement.Before)} || quote_ident(current_database()) || {SqlText.Literal(statement.After)};"));
        return SqlText.Block(body);
    }
}
