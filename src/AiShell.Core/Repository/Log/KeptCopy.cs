using System.Text.Json;
using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>What a copy is that a restore left beside its target, so that it can be brought further.</summary>
/// <param name="Database">Whose backups and log it is made of.</param>
/// <param name="Timeline">In which history it stands.</param>
/// <param name="Position">Where it stands.</param>
/// <param name="CommittedAt">When the last transaction in it had been committed; null where none of the log is.</param>
/// <param name="Toward">Where it was being brought when that was interrupted: it may have something of all until there. Null for a copy that is whole.</param>
/// <param name="Chain">The backups and segments that were read for it.</param>
public sealed record KeptCopy(string Database, int Timeline, LogPosition Position, DateTimeOffset? CommittedAt, LogPosition? Toward, IReadOnlyList<string> Chain, DateTimeOffset KeptAt)
{
    public string ToText() => JsonSerializer.Serialize(this, RepositoryJson.Compact.KeptCopy);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is none.</exception>
    public static KeptCopy Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, RepositoryJson.Compact.KeptCopy) ?? throw new JsonException("The document is empty.");
        }
        catch (JsonException damage)
        {
            throw new AiShellException(ErrorKind.Integrity, "What was noted about the kept copy is damaged.", "Remove the copy, and restore anew without --continue.", damage);
        }
    }
}
