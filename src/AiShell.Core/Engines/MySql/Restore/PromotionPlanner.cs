using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Works out how a complete copy becomes the target.</summary>
internal static class PromotionPlanner
{
    private static readonly string[] Routines = [EntryKinds.Function, EntryKinds.Procedure, EntryKinds.Package, EntryKinds.PackageBody];

    /// <summary>The whole database is replaced.</summary>
    /// <param name="keepOld">There is something to be kept.</param>
    public static PromotionPlan ForDatabase(MySqlSession session, StagingSchema staging, RestoreScript script, bool keepOld)
    {
        string target = staging.Target;
        bool exists = DatabaseListing.Exists(session, target);
        string oldDefaults = exists ? DatabaseDefaults.Read(session, target).Clause : script.Defaults!.Clause;
        session.Execute($"CREATE DATABASE {SqlText.Quote(staging.Old)} {oldDefaults}");
        session.Execute($"USE {SqlText.Quote(staging.Name)}");
        foreach (StandingObject trigger in StandingObject.Triggers(session, staging.Name))
        {
            session.Execute(trigger.Drop);
        }

        List<string> fresh = Tables(session, staging.Name);
        List<string> standing = exists ? Tables(session, target) : [];
        List<StandingObject> triggers = [];
        List<StandingObject> others = [];
        if (exists)
        {
            session.Execute($"USE {SqlText.Quote(target)}");
            triggers = StandingObject.Triggers(session, target);
            others = StandingObject.Others(session, target);
        }

        StandingObject[] inTheWay = [.. others.Where(one => one.Kind == EntryKinds.View && fresh.Contains(one.Name, StringComparer.OrdinalIgnoreCase))];
        return new PromotionPlan(
            target,
            staging.Name,
            staging.Old,
            keepOld,
            exists ? null : $"CREATE DATABASE {SqlText.Quote(target)} {script.Defaults!.Clause}",
            [
                .. standing.Select(table => new TableMove(target, table, staging.Old, table)),
                .. inTheWay.Select((view, index) => new TableMove(target, view.Name, target, staging.Aside(index))),
                .. fresh.Select(table => new TableMove(staging.Name, table, target, table)),
            ],
            [.. triggers.Select(trigger => trigger.Drop)],
            [.. triggers.SelectMany(trigger => trigger.Create)],
            [
                .. Statements(script.OfKind(EntryKinds.Trigger)),
                .. SequenceDefault.Of(session, staging.Name).Select(column => column.MovedTo(target)),
                .. ForeignKey.Into(session, target).SelectMany(key => new[] { key.Drop, key.Add }),
            ],
            [
                $"ALTER DATABASE {SqlText.Quote(target)} {script.Defaults!.Clause}",
                .. inTheWay.Select((_, index) => StandingObject.DropStatement(EntryKinds.View, staging.Aside(index))),
                .. others.Except(inTheWay).Select(one => one.Drop),
                .. Statements(script.OfKind(Routines)),
                .. Statements(script.OfKind(EntryKinds.View)),
                .. Statements(script.OfKind(EntryKinds.Event)),
            ],
            keepOld ? [.. others.Concat(triggers).SelectMany(one => one.Create)] : []);
    }

    private static List<string> Tables(MySqlSession session, string database) =>
        [.. session.Query($"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = {SqlText.Literal(database)} AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW') ORDER BY TABLE_NAME").Select(row => row[0]!)];

    private static IEnumerable<string> Statements(IEnumerable<ScriptEntry> entries) => entries.SelectMany(entry => ScriptStatements.Split(entry.Sql));
}
