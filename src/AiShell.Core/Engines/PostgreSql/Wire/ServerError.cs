namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>An ErrorResponse of the server (manual, "Error and Notice Message Fields").</summary>
internal sealed class ServerError(string sqlState, string message, string? detail, string? hint) : Exception(message)
{
    /// <summary>Five characters; the first two are the class (manual, appendix "PostgreSQL Error Codes").</summary>
    public string SqlState { get; } = sqlState;

    public string? Detail { get; } = detail;

    public string? Hint { get; } = hint;

    public static ServerError Read(ReadOnlySpan<byte> fields)
    {
        var found = new Dictionary<char, string>();
        WirePayload payload = new(fields);
        while (payload.Byte() is not 0 and byte field)
        {
            found[(char)field] = payload.Text();
        }

        return new ServerError(
            found.GetValueOrDefault('C', "XX000"), found.GetValueOrDefault('M', "unknown error"), found.GetValueOrDefault('D'), found.GetValueOrDefault('H'));
    }
}
