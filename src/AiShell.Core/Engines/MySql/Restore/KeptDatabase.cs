using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>A database beside a target with a copy that a restore kept. There is one for a target: should a restore have been ended before it dropped the one whose place it took, the newer counts.</summary>
internal sealed record KeptDatabase(string Name, uint Number, KeptHead Head)
{
    private const int WaitSeconds = 5;

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
        Patiently(session, () => session.Execute($"DROP TABLE IF EXISTS {SqlText.Quote(kept.Name, KeptNote.TableOf(kept.Number))}"));
        if (!Leftovers.IsConnectedTo(session, kept.Name))
        {
            DropLeftover(session, kept.Name);
        }
    }

    /// <summary>One that counts no more. People look at copies: a transaction that has read it keeps it from being dropped, and must not hold up a restore.</summary>
    public static void DropLeftover(MySqlSession session, string name) => Patiently(session, () => TargetNames.Drop(session, name));

    private static void Patiently(MySqlSession session, Action drop)
    {
        string? before = session.Scalar("SELECT @@lock_wait_timeout");
        session.Execute($"SET SESSION lock_wait_timeout = {WaitSeconds}");
        try
        {
            drop();
        }
        catch (ServerError error) when (error.Number == ServerErrors.LockWaitTimeout)
        {
            // It stays for another time.
        }

        session.Execute($"SET SESSION lock_wait_timeout = {before}");
    }
}
