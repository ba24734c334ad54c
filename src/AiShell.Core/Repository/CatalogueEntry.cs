namespace AiShell.Repository;

/// <summary>One backup as the store has it: with its manifest, or with what is wrong with that.</summary>
/// <param name="DatabaseFolder">The encoded name of the database's folder.</param>
/// <param name="Damage">Why the manifest cannot be read; null when it can.</param>
public sealed record CatalogueEntry(string Id, string DatabaseFolder, Manifest? Manifest, AiShellException? Damage)
{
    /// <summary>Its writer is still at work: the store has no manifest of it.</summary>
    internal bool IsPending { get; init; }

    /// <summary>Where its parts are, with a slash at the end.</summary>
    internal string Folder { get; init; } = $"{RepositoryKeys.Backups}{DatabaseFolder}/{Id}/";

    internal string ManifestKey => Folder + RepositoryKeys.ManifestName;

    /// <summary>The manifest of a backup that can be read.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the manifest is damaged.</exception>
    public Manifest Require() => Manifest ?? throw Damage!;

    /// <summary>The database's name, or its folder's name when the manifest is damaged.</summary>
    public string Database => Manifest?.Database ?? Uri.UnescapeDataString(DatabaseFolder);
}
