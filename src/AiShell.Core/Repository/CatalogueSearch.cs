namespace AiShell.Repository;

/// <summary>Finds the backup a person means.</summary>
internal static class CatalogueSearch
{
    public const string Latest = "latest";

    /// <param name="entries">Newest first.</param>
    public static CatalogueEntry Find(IReadOnlyList<CatalogueEntry> entries, string idOrPrefix, string? database)
    {
        if (idOrPrefix == Latest)
        {
            return FindLatest(entries, database);
        }

        CatalogueEntry[] found = [.. entries.Where(entry => entry.Id.StartsWith(idOrPrefix, StringComparison.Ordinal))];
        return found switch
        {
            [var only] => only,
            [] => throw new AiShellException(ErrorKind.NotFound, $"There is no backup '{idOrPrefix}'.", "'ai-shell backup list' shows the backups there are."),
            _ => throw new AiShellException(
                ErrorKind.Usage,
                $"'{idOrPrefix}' fits {found.Length} backups: {string.Join(", ", found.Take(3).Select(entry => entry.Id))}{(found.Length > 3 ? ", …" : "")}.",
                "Give more of the id."),
        };
    }

    private static CatalogueEntry FindLatest(IReadOnlyList<CatalogueEntry> entries, string? database)
    {
        string[] databases = [.. entries.Select(entry => entry.Database).Distinct()];
        if (database is null && databases.Length > 1)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"'{Latest}' of which database? The repository has backups of {databases.Length}: {string.Join(", ", databases.Order(StringComparer.Ordinal).Take(5))}.",
                "Add --database, or give the backup's id.");
        }

        return entries.FirstOrDefault(entry => entry.Manifest is not null && (database is null || entry.Database == database))
            ?? throw new AiShellException(
                ErrorKind.NotFound,
                database is null ? "There is no backup yet." : $"There is no backup of '{database}'.",
                "'ai-shell backup create' makes one.");
    }
}
