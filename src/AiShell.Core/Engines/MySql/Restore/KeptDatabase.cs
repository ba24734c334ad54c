using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A database beside a target with a copy that a restore kept. There is one for a target: should a restore have been ended before it dropped the one whose place it took, the newer counts.</summary>
internal sealed record KeptDatabase(string Name, uint Number, KeptHead Head)
{
    private const string DropWait = "SET SESSION lock_wait_timeout = 10";

    /// <summary>Those of a target, the one that counts first.</summary>
    public static IReadOnlyList<KeptDatabase> Find(MySqlSession session, string target)
    {
        List<KeptDatabase> found = [];
        foreach (Leftovers.Candidate candidate in Leftovers.Candidates(session, target).Where(candidate => candidate.Purpose == TargetNames.Copy))
        {
            if (KeptNote.ReadHead(session, candidate.Name, candidate.Number) is { } head && head.Target == target)
            {
                found.Add(new KeptDatabase(candidate.Name, candidate.Number, head));
            }
        }

        return [.. found.OrderByDescending(kept => kept.Head.Turn).ThenByDescending(kept => kept.Number)];
    }

    /// <summary>Whether a database is one that must stay: the copy of this target that counts, or one of another target.</summary>
    public static bool Stays(MySqlSession session, Leftovers.Candidate candidate, string target) =>
        candidate.Purpose == TargetNames.Copy
        && KeptNote.ReadHead(session, candidate.Name, candidate.Number) is { } head
        && (head.Target != target || Find(session, target) is [var newest, ..] && newest.Number == candidate.Number);

    /// <summary>Drops it. Where somebody looks at it, it becomes a leftover, which the next restore drops.</summary>
    public static void Drop(MySqlSession session, KeptDatabase kept)
    {
        session.Execute(DropWait);
        session.Execute($"DROP TABLE IF EXISTS {SqlText.Quote(kept.Name, KeptNote.TableOf(kept.Number))}");
        if (!Leftovers.IsConnectedTo(session, kept.Name))
        {
            TargetNames.Drop(session, kept.Name);
        }
    }
}
