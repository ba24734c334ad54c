using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Runs entries of the script, with owners, grants and tablespaces or, as <c>--no-owner</c> wants it, without.</summary>
internal sealed class EntryRunner(bool keepOwners)
{
    private const string TablespaceSetting = "SET default_tablespace = \"";

    // What an object that is there already is refused with (manual, appendix "PostgreSQL Error Codes").
    private static readonly HashSet<string> AlreadyThere = ["42P06", "42P07", "42710", "42723"];

    public void Run(WireSession session, params IEnumerable<ScriptEntry> entries)
    {
        if (string.Concat(entries.Select(StatementsOf)) is { Length: > 0 } statements)
        {
            session.Execute(statements);
        }
    }

    private string StatementsOf(ScriptEntry entry) =>
        keepOwners ? entry.Sql + entry.OwnerSql : entry.Header.Kind is "ACL" or "DEFAULT ACL" ? "" : WithoutTablespace(entry.Sql);

    /// <summary>Within a transaction: runs it, unless what it makes is there already, which then stays as it is. False for that.</summary>
    public bool RunUnlessThere(WireSession session, ScriptEntry entry)
    {
        session.Execute("SAVEPOINT entry");
        try
        {
            Run(session, entry);
            session.Execute("RELEASE entry");
            return true;
        }
        catch (ServerError error) when (AlreadyThere.Contains(error.SqlState))
        {
            session.Execute("ROLLBACK TO entry; RELEASE entry");
            return false;
        }
    }

    /// <summary>The setting stands in one of the first two lines, before the object's own statement.</summary>
    private static string WithoutTablespace(string sql)
    {
        int at = sql.StartsWith(TablespaceSetting, StringComparison.Ordinal) ? 0
            : sql.StartsWith("SET default_table_access_method = ", StringComparison.Ordinal) && sql.AsSpan(sql.IndexOf('\n', StringComparison.Ordinal) + 1).StartsWith(TablespaceSetting) ? sql.IndexOf('\n', StringComparison.Ordinal) + 1
            : -1;
        if (at < 0)
        {
            return sql;
        }

        int end = sql.IndexOf(";\n", at, StringComparison.Ordinal);
        return $"{sql[..at]}SET default_tablespace = ''{sql[end..]}";
    }
}
