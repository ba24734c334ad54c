using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// Carries out a <see cref="PromotionPlan"/>: one RENAME TABLE moves what is replaced out of the target and the copy's tables in. Triggers
/// cannot move with their tables (error 1435), so they go directly before and come directly after, on a server that knows compound statements
/// in one of these, which runs to its end without us. Views, routines and events follow.
/// </summary>
internal sealed class Promotion(MySqlSession session, PromotionPlan plan, uint number)
{
    private const int MostAttempts = 5;
    private const int LongestCompound = 4 * 1024 * 1024;

    private static readonly TimeSpan LongestTry = TimeSpan.FromSeconds(2);

    private readonly List<string> _failures = [];

    /// <param name="lockWait">How long to wait for others to let go of the target's tables.</param>
    /// <param name="done">Called when the tables have moved.</param>
    /// <exception cref="ServerError">Nothing has moved, and the target is as it was; 1205 when others hold its tables.</exception>
    /// <exception cref="AiShellException">The tables have moved, and something after that could not be made.</exception>
    public void Run(TimeSpan lockWait, Action done)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Journal.Write(session, plan, number);
        session.Execute(plan.MakesOld); // nobody but the journal would know what it is for
        if (plan.MakesTarget is { } make)
        {
            session.Execute(make);
        }

        session.Execute($"USE {SqlText.Quote(plan.Target)}");
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan left = lockWait - System.Diagnostics.Stopwatch.GetElapsedTime(start);
            try
            {
                SwapTables(left);
                break;
            }
            catch (ServerError error)
            {
                if (HasMoved())
                {
                    _failures.Add(error.Message);
                    RunAll(plan.Target, plan.AtOnce, again: true);
                    break;
                }

                Undo();
                if (error.Number != ServerErrors.LockWaitTimeout || plan.Lift.Count == 0 || attempt == MostAttempts || left < TimeSpan.Zero)
                {
                    throw;
                }
            }
        }

        done();
        Finish(again: false);
    }

    /// <summary>After its process is gone: finishes what has moved, undoes what has not.</summary>
    public void Recover(bool isDone)
    {
        session.Execute("SET SESSION foreign_key_checks = 0");
        if (isDone)
        {
            RunAll(plan.Target, plan.AtOnce, again: true);
            Finish(again: true);
            return;
        }

        MoveBack();
        Undo();
        TargetNames.Drop(session, plan.Old); // after a move back nothing is in it
        TargetNames.Drop(session, plan.Staging); // the journal goes last
    }

    /// <summary>Waits for the tables first where something has to be taken off them, so that it is off for no longer than it takes.</summary>
    private void SwapTables(TimeSpan lockWait)
    {
        session.Execute("SET SESSION foreign_key_checks = 0");
        WaitNoLongerThan(lockWait);
        if (plan.Lift.Count > 0)
        {
            WaitFor([.. plan.Moves.Where(move => move.FromDatabase == plan.Target && move.ToDatabase == plan.Old).Select(move => $"{move.From} WRITE")], lockWait);
            WaitNoLongerThan(TimeSpan.Zero);
        }

        string[] steps = [.. plan.Lift, RenameStatement(), .. plan.AtOnce];
        string compound = $"BEGIN NOT ATOMIC {string.Concat(steps.Select(step => $"EXECUTE IMMEDIATE {SqlText.Literal(step)}; "))}END";
        if (session.Features.HasCompoundStatements && steps.Length > 1 && compound.Length < LongestCompound)
        {
            session.Execute(compound);
            return;
        }

        foreach (string step in plan.Lift)
        {
            session.Execute(step);
        }

        ExecuteWaiting(RenameStatement(), plan.Lift.Count > 0 ? TimeSpan.Zero : lockWait);
        foreach (string step in plan.AtOnce)
        {
            session.Execute(step);
        }
    }

    /// <summary>
    /// MySQL sees that a client is gone when its statement has ended, and would carry out for nobody what had waited until then: there it is asked
    /// for in short tries.
    /// </summary>
    private void ExecuteWaiting(string statement, TimeSpan lockWait)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (bool isOver = false; !isOver;)
        {
            TimeSpan left = lockWait - System.Diagnostics.Stopwatch.GetElapsedTime(start);
            bool isLast = session.Features.IsMariaDb || left <= LongestTry;
            WaitNoLongerThan(isLast ? left : LongestTry);
            try
            {
                session.Execute(statement);
                isOver = true;
            }
            catch (ServerError error) when (error.Number == ServerErrors.LockWaitTimeout && !isLast)
            {
                // Whoever came meanwhile has had a turn.
            }
        }
    }

    private void WaitNoLongerThan(TimeSpan lockWait) =>
        session.Execute(FormattableString.Invariant($"SET SESSION lock_wait_timeout = {Math.Max(1, (long)Math.Ceiling(lockWait.TotalSeconds))}"));

    /// <summary>A server of MySQL with enforce_gtid_consistency does not lock tables with and without transactions together.</summary>
    private void WaitFor(IReadOnlyCollection<string> tables, TimeSpan lockWait)
    {
        try
        {
            ExecuteWaiting($"LOCK TABLES {string.Join(", ", tables)}", lockWait);
            session.Execute("UNLOCK TABLES");
        }
        catch (ServerError error) when (error.Number == ServerErrors.MixedEngines)
        {
            foreach (string table in tables)
            {
                ExecuteWaiting($"LOCK TABLES {table}", lockWait);
                session.Execute("UNLOCK TABLES");
            }
        }
    }

    private string RenameStatement()
    {
        TableMove[] moves = [.. plan.Moves, new TableMove(plan.Staging, Journal.NameOf(number), plan.Old, Journal.NameOf(number))];
        return $"RENAME TABLE {string.Join(", ", moves.Select(move => $"{move.From} TO {move.To}"))}";
    }

    private bool HasMoved() => DatabaseListing.HasTable(session, plan.Old, Journal.NameOf(number));

    /// <summary>What a server that renames table by table, and died in between, has moved already.</summary>
    private void MoveBack()
    {
        foreach (TableMove move in plan.Moves.Reverse())
        {
            if (DatabaseListing.HasTable(session, move.ToDatabase, move.ToName) && !DatabaseListing.HasTable(session, move.FromDatabase, move.FromName))
            {
                session.Execute($"RENAME TABLE {move.To} TO {move.From}");
            }
        }
    }

    private void Undo()
    {
        if (DatabaseListing.Exists(session, plan.Target))
        {
            session.Execute($"USE {SqlText.Quote(plan.Target)}");
        }

        foreach (string statement in plan.PutBack)
        {
            try
            {
                session.Execute(statement);
            }
            catch (ServerError error) when (error.Number == ServerErrors.TriggerExists)
            {
                // It was not taken off yet.
            }
        }

        if (plan.MakesTarget is not null && DatabaseListing.Exists(session, plan.Target) && DatabaseListing.Read(session, plan.Target).Count == 0)
        {
            TargetNames.Drop(session, plan.Target);
        }
    }

    private void Finish(bool again)
    {
        RunAll(plan.Target, plan.After, again);
        if (plan.KeepOld)
        {
            RunAll(plan.Old, plan.AfterInOld, again);
        }

        TargetNames.Drop(session, plan.Staging);
        session.Execute(plan.KeepOld ? $"DROP TABLE {SqlText.Quote(plan.Old, Journal.NameOf(number))}" : $"DROP DATABASE {SqlText.Quote(plan.Old)}");
        if (_failures.Count > 0)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The tables of '{plan.Target}' are restored, but not everything around them could be made: {string.Join("; ", _failures.Take(3))}.",
                "Make it by hand; 'ai-shell backup export' writes the statements.");
        }
    }

    /// <summary>There is no way back any more: what fails is told at the end, and the rest is done.</summary>
    /// <param name="again">Some of it may have been done before.</param>
    private void RunAll(string database, IReadOnlyList<string> statements, bool again)
    {
        session.Execute($"USE {SqlText.Quote(database)}");
        foreach (string statement in statements)
        {
            try
            {
                session.Execute(statement);
            }
            catch (ServerError error) when (error.Number == ServerErrors.TriggerExists || (again && ServerErrors.SaysThatItIsDone(error)))
            {
                // Done before the process was gone.
            }
            catch (ServerError error)
            {
                _failures.Add(error.Message);
            }
        }
    }
}
