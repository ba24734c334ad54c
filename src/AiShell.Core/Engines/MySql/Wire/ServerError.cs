namespace AiShell.Engines.MySql.Wire;

/// <summary>What the server answered instead of a result (manual, "Server Error Message Reference").</summary>
internal sealed class ServerError(int number, string sqlState, string message) : Exception(message)
{
    /// <summary>1045 for a refused login, and so on.</summary>
    public int Number { get; } = number;

    public string SqlState { get; } = sqlState;
}

/// <summary>The connection ended in the middle of something.</summary>
internal sealed class ConnectionBroken(string message, Exception? cause = null) : Exception(message, cause);
