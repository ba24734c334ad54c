namespace AiShell.Engines.MySql.Log;

/// <summary>What is said of a log that is not as its format says.</summary>
internal static class LogDamage
{
    /// <param name="what">What is wrong, and where.</param>
    public static AiShellException Of(string what) =>
        new(ErrorKind.Integrity, $"The binary log is damaged: {what}.", "Make a new full backup, and look for the cause in the server's error log.");
}
