using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Restore;

/// <summary>From where on a log can follow.</summary>
/// <param name="Database">The name that the log has for it.</param>
internal sealed record ReplayStart(string Database, LogPosition Position)
{
    /// <summary>The end of a base.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: nothing can follow it.</exception>
    public static ReplayStart After(DatabaseProperties properties)
    {
        LoggedParts log = LoggedParts.After(properties);
        return new ReplayStart(properties.Name!, log.Reached.ToLogPosition());
    }

    public LoggedParts ToLog() => new(Database, BinaryLogPosition.Of(Position) ?? throw new AiShellException(
        ErrorKind.Integrity, $"'{Position}', where the copy is said to stand, is no position in a log.", "Restore anew, without --continue."));
}
