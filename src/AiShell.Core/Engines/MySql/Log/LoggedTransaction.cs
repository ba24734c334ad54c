namespace AiShell.Engines.MySql.Log;

/// <summary>One transaction of a binary log, from the event with its GTID to the end of the last one of it.</summary>
/// <param name="Gtid">Empty where the server gives none.</param>
/// <param name="Start">Where it begins in <paramref name="File"/>.</param>
/// <param name="End">Where it ends: replaying to here makes it the last one.</param>
/// <param name="Second">In seconds since 1970, of its last event: when the statement began that committed it.</param>
/// <param name="Microsecond">Since 1970, where MySQL 8 says when it was about to write it.</param>
/// <param name="Databases">That its rows are in, and that its other statements were run in. A name of another database within a definition's text (<c>ALTER TABLE other.t</c>) is not among them.</param>
/// <param name="HasDefinition">It defines something (DDL).</param>
/// <param name="Inexact">What cannot be replayed exactly, since it was written as its statement.</param>
/// <param name="Xa">Whether it is a part of a distributed one.</param>
internal sealed record LoggedTransaction(
    string Gtid, string File, long Start, long End, uint Second, long? Microsecond, IReadOnlySet<string> Databases, bool HasDefinition, IReadOnlyList<InexactChange> Inexact, XaPart Xa);

/// <summary>Something that changes rows and was written as a statement.</summary>
/// <param name="Offset">Where its event begins.</param>
/// <param name="Database">The session's default database; empty for none, and where the event does not say.</param>
/// <param name="What">The beginning of its text, or the kind of its event.</param>
internal sealed record InexactChange(long Offset, string Database, string What);

internal enum XaPart
{
    None,

    /// <summary>What it changed waits for an XA COMMIT or XA ROLLBACK.</summary>
    Prepared,

    /// <summary>Commits or rolls back what an earlier one prepared; its databases are known where that one was seen.</summary>
    Completed,
}
