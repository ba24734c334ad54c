namespace AiShell.Repository;

/// <summary>The content of <c>repository.json</c>: created once, never changed.</summary>
/// <param name="Id">A random identifier; tells two repositories apart wherever they are mounted.</param>
public sealed record RepositoryDescription(string Id, int FormatVersion, DateTimeOffset CreatedAt, string CreatedBy);
