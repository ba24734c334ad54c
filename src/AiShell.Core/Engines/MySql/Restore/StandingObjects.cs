using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Views, libraries, routines, triggers and events that stand in a database, with what it takes to make them again.</summary>
internal sealed class StandingObjects
{
    private readonly List<SourceObject> _objects;
    private readonly DatabaseProperties _properties;
    private readonly HashSet<string> _unusable;

    private StandingObjects(List<SourceObject> objects, DatabaseProperties properties, HashSet<string> unusable)
    {
        _objects = objects;
        _properties = properties;
        _unusable = unusable;
    }

    public IEnumerable<SourceObject> Triggers => _objects.Where(one => one.Kind == SourceObjects.Trigger);

    /// <summary>All but triggers.</summary>
    public IEnumerable<SourceObject> Others => _objects.Where(one => one.Kind != SourceObjects.Trigger);

    /// <summary>The session is in that database then.</summary>
    public static StandingObjects Read(MySqlSession session, string database)
    {
        session.Execute($"USE {SqlText.Quote(database)}");
        try
        {
            string[] views = [.. session.Query("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'VIEW' ORDER BY TABLE_NAME").Select(row => row[0]!)];
            List<SourceObject> objects = SourceObjects.Read(session, views);
            HashSet<string> unusable = [.. objects.Where(one => one.Kind == SourceObjects.View && !SourceObjects.CanBeMade(session, one)).Select(view => view.Name)];
            return new StandingObjects(objects, DatabaseListing.ReadProperties(session, database), unusable);
        }
        catch (SchemaChanged change)
        {
            throw new AiShellException(ErrorKind.Busy, $"The schema of '{database}' is being changed: {change.Message}.", "Try again when it is at rest.", change);
        }
    }

    /// <summary>Statements that leave the session as they found it. Before MariaDB 11.4 packages are known under one sql_mode only; what makes them sets it, too.</summary>
    public static IEnumerable<string> Drop(string kind, string name)
    {
        string drop = $"DROP {kind} IF EXISTS {SqlText.Quote(name)}";
        return kind is SourceObjects.Package or SourceObjects.PackageBody
            ? ["SET sql_mode = 'ORACLE'", drop, $"SET sql_mode = '{DatabaseEntry.SqlMode}'"]
            : [drop];
    }

    public static IEnumerable<string> Drop(SourceObject one) => Drop(one.Kind, one.Name);

    /// <summary>Statements that leave the session as they found it.</summary>
    public IEnumerable<string> Create(SourceObject one) => ScriptStatements.Split(ObjectScript.Of(one, _properties));

    /// <summary>All of it for a database that is kept: in the order in which they need one another, without events that run and views that refer to nothing.</summary>
    public IEnumerable<string> CreateAll()
    {
        Dictionary<string, SourceObject> views = _objects.Where(one => one.Kind == SourceObjects.View && !_unusable.Contains(one.Name)).ToDictionary(view => view.Name);
        return
        [
            .. _objects.Where(one => one.Kind is SourceObjects.Library or SourceObjects.Package or SourceObjects.Function or SourceObjects.Procedure).SelectMany(Create),
            .. _objects.Where(one => one.Kind == SourceObjects.PackageBody).SelectMany(Create),
            .. ViewOrder.Of(views.ToDictionary(view => view.Key, view => view.Value.Sql)).SelectMany(view => Create(views[view.Name])),
            .. Triggers.SelectMany(Create),
            .. _objects.Where(one => one.Kind == SourceObjects.Event).SelectMany(one => Create(one).Append($"ALTER EVENT {SqlText.Quote(one.Name)} DISABLE")),
        ];
    }
}
