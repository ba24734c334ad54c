namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>The connection to the server ended or failed, as opposed to a file or a store that did.</summary>
internal sealed class ConnectionBroken(string message, Exception cause) : IOException(message, cause);
