using System.Text.RegularExpressions;
using AiShell.Engines.PostgreSql.Restore;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>Finds what a backup's script names and a server must have: a dump of one database has no roles, extensions' files or tablespaces.</summary>
internal static partial class SnapshotRequirements
{
    /// <param name="tablespace">The database's own, or null.</param>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Find(WireSession session, SnapshotScripts scripts, IReadOnlyList<ArchiveEntry> entries, string? tablespace)
    {
        HashSet<string> known = [.. session.Query("SELECT rolname FROM pg_roles").Select(row => row[0]!)];
        ScriptEntry[] all = [.. scripts.PreData, .. scripts.PostData];
        SortedSet<string> owners = Sorted(all.Select(entry => entry.Header.Owner).OfType<string>());
        SortedSet<string> granted = Sorted(all.Where(entry => entry.Header.Kind is "ACL" or "DEFAULT ACL").SelectMany(entry => RolesIn(entry.Sql)).Where(known.Contains));
        SortedSet<string> ofPolicies = Sorted(all.Where(entry => entry.Header.Kind is "POLICY" or "USER MAPPING").SelectMany(entry => RolesIn(entry.Sql)).Where(known.Contains));
        Dictionary<string, IReadOnlyList<string>> found = new()
        {
            [Requirements.Extensions] = [.. Sorted(entries.Where(entry => entry.Kind == "EXTENSION").Select(entry => entry.Tag))],
            [Requirements.Owners] = [.. owners],
            [Requirements.PolicyRoles] = [.. ofPolicies],
            [Requirements.Roles] = [.. Sorted(owners.Concat(granted).Concat(ofPolicies))],
            [Requirements.Tablespaces] = [.. Sorted(entries.Select(entry => entry.Tablespace).Append(tablespace ?? "").Where(name => name.Length > 0))],
        };
        return found.Where(kind => kind.Value.Count > 0).ToDictionary();
    }

    private static SortedSet<string> Sorted(IEnumerable<string> names) => new(names, StringComparer.Ordinal);

    /// <summary>Every name is in double quotes: pg_dump was told so.</summary>
    private static IEnumerable<string> RolesIn(string sql) => Lists().Matches(sql)
        .SelectMany(list => Names().Matches(list.Groups[1].Value))
        .Select(name => name.Groups[1].Value.Replace("\"\"", "\"", StringComparison.Ordinal));

    [GeneratedRegex("""\b(?:TO|FROM|FOR|ROLE|BY|AUTHORIZATION)\s+("(?:[^"]|"")+"(?:\s*,\s*"(?:[^"]|"")+")*)""")]
    private static partial Regex Lists();

    [GeneratedRegex("\"((?:[^\"]|\"\")+)\"")]
    private static partial Regex Names();
}
