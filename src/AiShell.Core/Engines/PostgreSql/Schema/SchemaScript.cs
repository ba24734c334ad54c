namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>
/// Turns the entries of a dump into the scripts before and after the rows, in the order and with the words of pg_restore:
/// grants come last, after all objects, and what reacts to commands (event triggers) after the grants.
/// </summary>
internal static class SchemaScript
{
    // pg_restore gives these their owner by a statement of its own; for others the definition or nothing does.
    private static readonly HashSet<string> Owned =
    [
        "AGGREGATE", "COLLATION", "CONVERSION", "DOMAIN", "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "FOREIGN TABLE", "FUNCTION", "MATERIALIZED VIEW",
        "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURAL LANGUAGE", "PROCEDURE", "PUBLICATION", "SCHEMA", "SEQUENCE", "SERVER", "STATISTICS",
        "SUBSCRIPTION", "TABLE", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TYPE", "VIEW",
    ];

    // They name the database itself, or are settings that every session of ours has anyway.
    private static readonly HashSet<string> NotOurs = ["DATABASE", "DATABASE PROPERTIES", "ENCODING", "STDSTRINGS", "SEARCHPATH"];

    private static readonly HashSet<string> Tables = ["TABLE", "MATERIALIZED VIEW", "FOREIGN TABLE"];

    /// <param name="entries">Those that are wanted, in the order of the dump.</param>
    public static (IReadOnlyList<ScriptEntry> PreData, IReadOnlyList<ScriptEntry> PostData) Build(IReadOnlyList<ArchiveEntry> entries)
    {
        List<ScriptEntry> before = [];
        List<ScriptEntry> after = [];
        List<ScriptEntry> grants = [];
        List<ScriptEntry> last = [];
        HashSet<int> tables = [.. entries.Where(entry => Tables.Contains(entry.Kind)).Select(entry => entry.Id)];
        ArchiveSection section = ArchiveSection.PreData;
        foreach (ArchiveEntry entry in entries)
        {
            section = entry.Section == ArchiveSection.None ? section : entry.Section;
            if (NotOurs.Contains(entry.Kind) || IsOfTheDatabase(entry) || entry.Definition.Length == 0)
            {
                continue;
            }

            List<ScriptEntry> where = IsGrant(entry) ? grants : IsAfterGrants(entry) ? last : section == ArchiveSection.PostData ? after : before;
            where.Add(ToScript(entry, tables));
        }

        return (before, [.. after, .. grants, .. last]);
    }

    private static ScriptEntry ToScript(ArchiveEntry entry, HashSet<int> tables)
    {
        string sql = entry.Definition.EndsWith('\n') ? entry.Definition : $"{entry.Definition}\n";
        if (entry.Tablespace.Length > 0 || Tables.Contains(entry.Kind) || entry.Kind is "INDEX" or "CONSTRAINT")
        {
            sql = $"SET default_tablespace = {(entry.Tablespace.Length == 0 ? "''" : SqlText.Quote(entry.Tablespace))};\n{sql}";
        }

        if (Tables.Contains(entry.Kind) && entry.TableAccessMethod.Length > 0)
        {
            sql = $"SET default_table_access_method = {SqlText.Quote(entry.TableAccessMethod)};\n{sql}";
        }

        // An index is built under a lock that lets others be built on the same table; the rest wants the table for itself.
        IEnumerable<int> locks = entry.Kind == "INDEX" ? [] : entry.DependsOn.Where(tables.Contains);
        string owner = OwnerStatement(entry);
        return ScriptEntry.Create(entry.Id, entry.Kind, entry.Schema, entry.Tag, sql, entry.DependsOn, locks, owner, owner.Length > 0 ? entry.Owner : null);
    }

    /// <summary>The statement that drops a thing names it as the one that gives it an owner must.</summary>
    private static string OwnerStatement(ArchiveEntry entry)
    {
        if (entry.Kind == "SCHEMA" && entry.Owner.Length > 0)
        {
            return $"ALTER SCHEMA {SqlText.Quote(entry.Tag)} OWNER TO {SqlText.Quote(entry.Owner)};\n"; // public is neither made nor dropped by a dump
        }

        const string Drop = "DROP ";
        if (!Owned.Contains(entry.Kind) || entry.Owner.Length == 0 || !entry.Drop.StartsWith(Drop, StringComparison.Ordinal))
        {
            return "";
        }

        string named = entry.Drop[Drop.Length..].TrimEnd('\n', ';', ' ');
        return $"ALTER {named} OWNER TO {SqlText.Quote(entry.Owner)};\n";
    }

    private static bool IsGrant(ArchiveEntry entry) => entry.Kind is "ACL" or "DEFAULT ACL";

    private static bool IsAfterGrants(ArchiveEntry entry) =>
        entry.Kind == "EVENT TRIGGER" || (entry.Kind is "COMMENT" or "SECURITY LABEL" && entry.Tag.StartsWith("EVENT TRIGGER ", StringComparison.Ordinal));

    private static bool IsOfTheDatabase(ArchiveEntry entry) =>
        entry.Kind is "COMMENT" or "ACL" or "SECURITY LABEL" && entry.Tag.StartsWith("DATABASE ", StringComparison.Ordinal);
}
