using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Works out how a complete copy becomes the target.</summary>
internal sealed class PromotionPlanner(MySqlSession session, StagingSchema staging)
{
    /// <summary>Privileges on the database's own things; they would stay when what they are on is dropped.</summary>
    public const string Grant = DatabaseGrant.EntryKind;

    private static readonly string[] Routines = [SourceObjects.Library, SourceObjects.Package, SourceObjects.Function, SourceObjects.Procedure, SourceObjects.PackageBody];

    /// <summary>The whole database is replaced.</summary>
    /// <param name="properties">Of the new one.</param>
    /// <param name="statementsOf">An entry's.</param>
    /// <param name="later">The script after the rows.</param>
    /// <param name="keepOld">There is something to be kept.</param>
    public PromotionPlan ForDatabase(
        DatabaseProperties properties, Func<ScriptEntry, IEnumerable<string>> statementsOf, IReadOnlyCollection<ScriptEntry> later, bool keepOld)
    {
        string target = staging.Target;
        bool exists = DatabaseListing.Exists(session, target);
        DropTriggersOfCopy();
        List<string> fresh = DatabaseListing.Tables(session, staging.Name);
        StandingObjects? standing = exists ? StandingObjects.Read(session, target) : null;
        SourceObject[] others = [.. standing?.Others ?? []];
        SourceObject[] inTheWay = [.. others.Where(one => one.Kind == SourceObjects.View && fresh.Contains(one.Name, StringComparer.OrdinalIgnoreCase))];
        return new PromotionPlan(
            target,
            staging.Name,
            staging.Old,
            MakeOld(exists ? DatabaseListing.ReadProperties(session, target) : properties),
            keepOld,
            exists ? null : $"CREATE DATABASE {SqlText.Quote(target)} {StagingSchema.DefaultsOf(properties)}",
            [
                .. (exists ? DatabaseListing.Tables(session, target) : []).Select(table => new TableMove(target, table, staging.Old, table)),
                .. inTheWay.Select((view, index) => new TableMove(target, view.Name, target, staging.Aside(index))),
                .. fresh.Select(table => new TableMove(staging.Name, table, target, table)),
            ],
            [.. (standing?.Triggers ?? []).Reverse().SelectMany(StandingObjects.Drop)],
            [.. (standing?.Triggers ?? []).SelectMany(trigger => standing!.Create(trigger))],
            [
                // Before the triggers: each remembers the collation that its database has when it is made.
                DatabaseEntry.Alter(properties.CharacterSet, properties.Collation, properties.Comment),
                .. OfKind(SourceObjects.Trigger),
                .. SequenceDefault.Of(session, staging.Name).Select(column => column.MovedTo(target)),
                .. ForeignKey.Into(session, target).Where(key => key.Database != target).SelectMany(key => new[] { key.Drop, key.Add }),
            ],
            [
                .. inTheWay.SelectMany((_, index) => StandingObjects.Drop(SourceObjects.View, staging.Aside(index))),
                .. others.Except(inTheWay).SelectMany(StandingObjects.Drop),
                .. Routines.SelectMany(OfKind),
                .. OfKind(SourceObjects.View),
                .. OfKind(SourceObjects.Event),
                .. later.Where(entry => entry.Header.Kind == Grant).SelectMany(statementsOf),
            ],
            keepOld ? [.. standing!.CreateAll()] : []);

        IEnumerable<string> OfKind(string kind) => later.Where(entry => entry.Header.Kind == kind)
            .SelectMany(entry => StandingObjects.Drop(kind, entry.Header.Name).Concat(statementsOf(entry)));
    }

    /// <summary>Some tables are replaced or added.</summary>
    /// <param name="replaced">Those that stand.</param>
    /// <param name="triggers">Statements that make the new tables' own; null to keep those that stand.</param>
    public PromotionPlan ForTables(IReadOnlyList<StandingTable> replaced, StandingKeys keys, IReadOnlyList<string>? triggers, bool keepOld)
    {
        string target = staging.Target;
        DropTriggersOfCopy();
        foreach (ForeignKey key in keys.Outward)
        {
            session.Execute((key with { Database = staging.Name }).Drop);
        }

        HashSet<string> names = [.. replaced.Select(table => table.Name)];
        StandingObjects standing = StandingObjects.Read(session, target);
        SourceObject[] lifted = [.. standing.Triggers.Where(trigger => names.Contains(trigger.Table!))];
        string[] putBack = [.. lifted.SelectMany(standing.Create)];
        string[] sequences = [.. DatabaseListing.Sequences(session, staging.Name).Where(sequence => DatabaseListing.HasTable(session, target, sequence))];
        return new PromotionPlan(
            target,
            staging.Name,
            staging.Old,
            MakeOld(DatabaseListing.ReadProperties(session, target)),
            keepOld,
            null,
            [
                .. replaced.Select(table => new TableMove(target, table.Name, staging.Old, table.Name)),
                .. DatabaseListing.Tables(session, staging.Name).Except(sequences).Select(table => new TableMove(staging.Name, table, target, table)),
            ],
            [.. Enumerable.Reverse(lifted).SelectMany(StandingObjects.Drop)],
            putBack,
            [
                .. triggers ?? putBack,
                .. SequenceDefault.Of(session, staging.Name).Select(column => column.MovedTo(target)),
                .. keys.Outward.Select(key => key.Add),
                .. keys.Inward.SelectMany(key => new[] { key.Drop, key.Add }),
            ],
            [],
            keepOld ? putBack : []);
    }

    private string MakeOld(DatabaseProperties properties) => $"CREATE DATABASE {SqlText.Quote(staging.Old)} {StagingSchema.DefaultsOf(properties)}";

    /// <summary>They have shown that they can be made.</summary>
    private void DropTriggersOfCopy()
    {
        session.Execute($"USE {SqlText.Quote(staging.Name)}");
        foreach (string?[] trigger in session.Query("SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"))
        {
            foreach (string drop in StandingObjects.Drop(SourceObjects.Trigger, trigger[0]!))
            {
                session.Execute(drop);
            }
        }
    }
}
