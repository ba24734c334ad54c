using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Makes the roles and users that a server lacks. What is there already stays as it is.</summary>
internal sealed class GlobalsRestore
{
    private const string Role = "ROLE";

    private readonly List<string> _undo = [];

    /// <summary>Something was made, and neither kept nor undone yet.</summary>
    public bool HasMade => _undo.Count > 0;

    public void Make(MySqlSession session, IReadOnlyList<ScriptEntry> entries, Func<ScriptEntry, IEnumerable<string>> statementsOf)
    {
        HashSet<string> known = Known(session);
        foreach (ScriptEntry entry in entries.Where(entry => !known.Contains(entry.Header.Name)))
        {
            foreach (string statement in statementsOf(entry))
            {
                session.Execute(statement);
                if (_undo.Count == 0 || _undo[^1] != DropOf(entry))
                {
                    _undo.Add(DropOf(entry));
                }
            }
        }
    }

    /// <summary>They belong to a database that is there now.</summary>
    public void Keep() => _undo.Clear();

    public void Undo(MySqlSession session)
    {
        foreach (string drop in Enumerable.Reverse(_undo))
        {
            session.Execute(drop);
        }

        _undo.Clear();
    }

    /// <summary>What the server lacks of the contents' globals, in words.</summary>
    public static IReadOnlyList<string> FindMissing(MySqlSession session, BackupContents contents)
    {
        if (!contents.HasGlobals)
        {
            return [];
        }

        HashSet<string> known = Known(session);
        return [.. contents.Globals.SelectMany(kind => kind.Value.Where(name => !known.Contains(name)).Select(name => $"{(kind.Key == "roles" ? "role" : "user")} '{name}'"))];
    }

    /// <summary><c>user@host</c>, and roles by their names.</summary>
    private static HashSet<string> Known(MySqlSession session) =>
        [.. session.Query("SELECT IF(Host = '', User, CONCAT(User, '@', Host)) FROM mysql.user").Select(row => row[0]!)];

    private static string DropOf(ScriptEntry entry)
    {
        string name = entry.Header.Name;
        int at = name.LastIndexOf('@');
        return entry.Header.Kind == Role || at < 0 ? $"DROP ROLE {SqlText.Quote(name)}" : $"DROP USER {SqlText.Quote(name[..at])}@{SqlText.Quote(name[(at + 1)..])}";
    }
}
