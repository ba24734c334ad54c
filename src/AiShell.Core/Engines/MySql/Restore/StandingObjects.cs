using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Views, routines, triggers and events that stand in a database, with what it takes to make them again.</summary>
internal sealed class StandingObjects
{
    private readonly List<SourceObject> _objects;
    private readonly DatabaseProperties _properties;

    private StandingObjects(List<SourceObject> objects, DatabaseProperties properties)
    {
        _objects = objects;
        _properties = properties;
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
            return new StandingObjects(SourceObjects.Read(session, views), DatabaseListing.ReadProperties(session, database));
        }
        catch (SchemaChanged change)
        {
            throw new AiShellException(ErrorKind.Busy, $"The schema of '{database}' is being changed: {change.Message}.", "Try again when it is at rest.", change);
        }
    }

    public static string Drop(string kind, string name) => $"DROP {kind} IF EXISTS {SqlText.Quote(name)}";

    public static string Drop(SourceObject one) => Drop(one.Kind, one.Name);

    /// <summary>Statements that leave the session as they found it.</summary>
    public IEnumerable<string> Create(SourceObject one) => ScriptStatements.Split(ObjectScript.Of(one, _properties));

    /// <summary>All of it for a database that is kept: in the order in which they need one another, without events that run.</summary>
    public IEnumerable<string> CreateAll()
    {
        Dictionary<string, SourceObject> views = _objects.Where(one => one.Kind == SourceObjects.View).ToDictionary(view => view.Name);
        return
        [
            .. _objects.Where(one => one.Kind is SourceObjects.Package or SourceObjects.Function or SourceObjects.Procedure).SelectMany(Create),
            .. _objects.Where(one => one.Kind == SourceObjects.PackageBody).SelectMany(Create),
            .. ViewOrder.Of(views.ToDictionary(view => view.Key, view => view.Value.Sql)).SelectMany(view => Create(views[view.Name])),
            .. Triggers.SelectMany(Create),
            .. _objects.Where(one => one.Kind == SourceObjects.Event).SelectMany(one => Create(one).Append($"ALTER EVENT {SqlText.Quote(one.Name)} DISABLE")),
        ];
    }
}
