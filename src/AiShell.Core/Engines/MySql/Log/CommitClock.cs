using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>One look at how far a server's log has come: before <paramref name="Asked"/> nothing behind <paramref name="Position"/> had been committed; at <paramref name="Answered"/> everything up to it had.</summary>
internal sealed record LogLook(BinaryLogPosition Position, DateTimeOffset Asked, DateTimeOffset Answered);

/// <summary>
/// Tells when transactions were committed, from looks at the server's log. The log has a transaction a moment before others see what it changed; MariaDB is therefore asked for the position of a
/// consistent snapshot, behind which nobody sees anything and up to which everybody sees everything; of MySQL's log the end is asked for, and then waited for those who are still committing. The events' own seconds are not used: sessions set them as they like.
/// </summary>
/// <param name="first">From where the log is followed.</param>
internal sealed class CommitClock(TimeProvider time, LogLook first)
{
    private readonly LinkedList<LogLook> _looks = new([first]);
    private DateTimeOffset _now = first.Answered;

    /// <summary>Asks the server, outside of any lock.</summary>
    public LogLook Look(MySqlSession session)
    {
        DateTimeOffset asked = Now();
        BinaryLogPosition position;
        DateTimeOffset answered;
        if (session.Features.IsMariaDb)
        {
            session.Execute("START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT");
            answered = Now();
            var status = session.Query("SHOW SESSION STATUS LIKE 'Binlog\\_snapshot\\_%'").ToDictionary(row => row[0]!.ToUpperInvariant(), row => row[1]!);
            position = new BinaryLogPosition(status["BINLOG_SNAPSHOT_FILE"], status["BINLOG_SNAPSHOT_POSITION"], "");
        }
        else
        {
            position = BinaryLogPosition.OfServer(session, out _) ?? throw new ConnectionBroken("the server does not tell where its binary log is");
            CommitsUnderWay.Wait(session);
            answered = Now();
        }

        return new LogLook(position, asked, answered);
    }

    /// <summary>A look is over; looks come in their order.</summary>
    public void Add(LogLook look) => _looks.AddLast(look);

    /// <summary>When a transaction that ends there was committed; null where that is not known yet.</summary>
    public (DateTimeOffset After, DateTimeOffset At)? Of(BinaryLogPosition end)
    {
        for (LinkedListNode<LogLook>? look = _looks.First; look is not null; look = look.Next)
        {
            if (BinaryLogPosition.Compare(end, look.Value.Position) is <= 0)
            {
                return (look.Previous?.Value.Asked ?? look.Value.Asked, look.Value.Answered);
            }
        }

        return null;
    }

    /// <summary>Everything up to there was handed over.</summary>
    /// <returns>An instant up to which nothing else was committed; null where that is not known.</returns>
    public DateTimeOffset? Pass(BinaryLogPosition reached)
    {
        DateTimeOffset? through = null;
        while (_looks.First is { } look && BinaryLogPosition.Compare(look.Value.Position, reached) is <= 0)
        {
            through = look.Value.Asked;
            if (look.Next is null || BinaryLogPosition.Compare(look.Next.Value.Position, reached) is not <= 0)
            {
                break; // what comes next was not there at it
            }

            _looks.RemoveFirst();
        }

        return through;
    }

    /// <summary>Never earlier than before, whatever is done to the machine's clock.</summary>
    private DateTimeOffset Now()
    {
        DateTimeOffset now = time.GetUtcNow();
        return _now = now > _now ? now : _now;
    }
}
