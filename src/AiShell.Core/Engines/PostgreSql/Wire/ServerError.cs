using System.Text;

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
        while (fields is [not 0, ..])
        {
            int end = fields.IndexOf((byte)0);
            found[(char)fields[0]] = Encoding.UTF8.GetString(fields[1..end]);
            fields = fields[(end + 1)..];
        }

        return new ServerError(
            found.GetValueOrDefault('C', "XX000"), found.GetValueOrDefault('M', "unknown error"), found.GetValueOrDefault('D'), found.GetValueOrDefault('H'));
    }
}
