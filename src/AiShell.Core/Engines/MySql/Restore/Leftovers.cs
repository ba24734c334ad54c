using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// Databases that a killed restore or test left beside its target. Each holds a named lock for as long as it lives: the server lets go of
/// it when the restore's session ends, however it ends. A promotion that was begun is finished or undone by its journal first.
/// </summary>
internal static class Leftovers
{
    /// <summary>Marks the databases of a restore as in use, for as long as the session lasts.</summary>
    public static void HoldMark(MySqlSession admin, uint number)
    {
        if (!TryHoldMark(admin, number))
        {
            throw new InvalidOperationException("The mark of a new restore is taken.");
        }
    }

    /// <summary>False: another session has it.</summary>
    public static bool TryHoldMark(MySqlSession admin, uint number) => admin.Scalar($"SELECT GET_LOCK('{MarkOf(number)}', 0)") == "1";

    public static void ReleaseMark(MySqlSession admin, uint number) => admin.Scalar($"SELECT RELEASE_LOCK('{MarkOf(number)}')");

    /// <summary>The mark is still this session's.</summary>
    public static bool HoldsMark(MySqlSession admin, uint number) => admin.Scalar($"SELECT IS_USED_LOCK('{MarkOf(number)}') = CONNECTION_ID()") == "1";

    /// <summary>What was left beside a target, one sentence each.</summary>
    public static IReadOnlyList<string> Find(MySqlSession admin, string target) =>
    [
        .. Candidates(admin, target).Where(candidate => !KeptDatabase.Stays(admin, candidate, target) && IsDead(admin, candidate)).Select(candidate => Journal.Find(admin, candidate.Name, candidate.Number) is null
            ? candidate.Purpose == TargetNames.Kept ? null : $"The database '{candidate.Name}' was left by a restore or a test that was ended; the next restore to '{target}' drops it."
            : $"A restore to '{target}' was ended in the middle of its last step; the next restore to '{target}' puts it right (journal in '{candidate.Name}').").OfType<string>(),
    ];

    /// <summary>Finishes what was begun, and drops them. One that comes to life meanwhile stays.</summary>
    public static void Remove(MySqlSession admin, string target)
    {
        foreach (Candidate candidate in Candidates(admin, target))
        {
            // Before the mark is tried: whoever wants to go on with a kept copy shall find it free.
            if (KeptDatabase.Stays(admin, candidate, target) || !TryHoldMark(admin, candidate.Number))
            {
                continue;
            }

            try
            {
                // Again, for it may have been noted while it was another's.
                if (!IsConnectedTo(admin, candidate.Name) && !KeptDatabase.Stays(admin, candidate, target))
                {
                    Remove(admin, candidate);
                }
            }
            catch (ServerError error) when (error.Number is ServerErrors.NoDatabasePrivilege or ServerErrors.NoPrivilege or ServerErrors.NoSuchDatabase)
            {
                // It is another user's, or another restore was faster; it harms nobody.
            }
            finally
            {
                ReleaseMark(admin, candidate.Number);
            }
        }
    }

    private static void Remove(MySqlSession admin, Candidate candidate)
    {
        if (Journal.Find(admin, candidate.Name, candidate.Number) is { } plan)
        {
            new Promotion(admin, plan, candidate.Number).Recover(isDone: candidate.Name == plan.Old);
        }
        else if (candidate.Purpose == TargetNames.Copy)
        {
            KeptDatabase.DropLeftover(admin, candidate.Name);
        }
        else if (candidate.Purpose != TargetNames.Kept)
        {
            if (candidate.Purpose == TargetNames.Replay)
            {
                LimitedAccount.Drop(admin, candidate.Number); // first, for the database's name tells it
            }

            TargetNames.Drop(admin, candidate.Name);
        }
    }

    public static List<Candidate> Candidates(MySqlSession admin, string target)
    {
        List<Candidate> found = [];
        foreach (string?[] row in admin.Query("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%\\_ai\\_shell\\_%' ORDER BY SCHEMA_NAME"))
        {
            if (TargetNames.Parse(row[0]!, target) is var (purpose, number))
            {
                found.Add(new Candidate(row[0]!, purpose, number));
            }
        }

        return found;
    }

    private static bool IsDead(MySqlSession admin, Candidate candidate) =>
        !IsConnectedTo(admin, candidate.Name) && admin.Scalar($"SELECT IS_FREE_LOCK('{MarkOf(candidate.Number)}')") == "1";

    public static bool IsConnectedTo(MySqlSession admin, string name) =>
        OtherSession.ReadAll(admin).Any(one => one.Id != admin.Id && string.Equals(one.Database, name, StringComparison.OrdinalIgnoreCase));

    private static string MarkOf(uint number) => FormattableString.Invariant($"ai_shell_{number:x8}");

    /// <param name="Purpose">As in <see cref="TargetNames"/>.</param>
    internal sealed record Candidate(string Name, string Purpose, uint Number);
}
