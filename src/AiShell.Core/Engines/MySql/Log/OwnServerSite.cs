using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>A private server, where everything may be touched: the database has its own name, and accounts are made as they are named.</summary>
internal sealed class OwnServerSite(MySqlSession session, string database) : IReplaySite
{
    private const int NoSuchDatabase = 1049;

    private string? _entered;

    public MySqlSession Definitions => session;

    public string Database => database;

    public string Hint => "Restore to a moment before it, or another backup ('ai-shell backup list').";

    public bool NamesOwners => true;

    public string? FindObstacle(LoggedStatement statement, DefinedObjects defined) => null;

    /// <summary>A database of another name is there for names without one to lead nowhere.</summary>
    public void Enter(string database)
    {
        string wanted = database.Length > 0 ? database : "information_schema";
        if (wanted == _entered)
        {
            return;
        }

        try
        {
            session.Execute($"USE {SqlText.Quote(wanted)}");
            _entered = wanted;
        }
        catch (ServerError error) when (error.Number == NoSuchDatabase)
        {
            if (wanted != Database)
            {
                session.Execute($"CREATE DATABASE {SqlText.Quote(wanted)}");
                session.Execute($"USE {SqlText.Quote(wanted)}");
                _entered = wanted;
            }
        }
    }

    /// <summary>It must be there, for a view without it cannot be read.</summary>
    public void MakeOwner(string sql)
    {
        if (sql.Contains("DEFINER", StringComparison.OrdinalIgnoreCase) && Definer.Find(sql) is { } definer)
        {
            PrivateAccounts.Make(session, definer.User, definer.Host);
        }
    }

    public string? FindFault(DefinedObjects defined)
    {
        _entered = session.Scalar("SELECT DATABASE()") is { Length: > 0 } left ? left : null;
        return null;
    }

    public string? Leave(IReadOnlyList<(ObjectName From, ObjectName To)> tables)
    {
        foreach ((ObjectName from, ObjectName to) in tables)
        {
            session.Execute($"CREATE DATABASE IF NOT EXISTS {SqlText.Quote(to.Database)}");
            session.Execute($"RENAME TABLE {from.Quoted} TO {to.Quoted}");
        }

        return null;
    }

    public string? FindUnfit(string table) => null;

    public bool IsForbidden(ServerError error) => false;
}
