using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>
/// A backup with all that its restore needs: the base first, then each link after the one before. Whoever marks the last as being read keeps all of
/// them: dependants are deleted first.
/// </summary>
public sealed class BackupChain
{
    private BackupChain(IReadOnlyList<CatalogueEntry> entries) => Entries = entries;

    /// <summary>Backups, then segments of the log.</summary>
    public IReadOnlyList<CatalogueEntry> Entries { get; }

    /// <summary>Where in the plain bytes of the last link's data the replay stops; null for its end.</summary>
    public long? StopOffset { get; private init; }

    /// <summary>The last of the backups.</summary>
    public CatalogueEntry LastBackup => Entries.Last(entry => entry.Require().Segment is null);

    public CatalogueEntry Base => Entries[0];

    public CatalogueEntry End => Entries[^1];

    /// <summary>At this instant the database stood at its end, or had gone on.</summary>
    public DateTimeOffset FixedAt => End.Require() is var end ? end.FixedAt ?? end.CompletedAt : default;

    public IEnumerable<CatalogueEntry> Links => Entries.Skip(1);

    /// <summary>What a restore of the chain brings, as an engine needs it: the base's parts and what the end says of the result.</summary>
    public BackupContents Contents
    {
        get
        {
            BackupContents contents = Base.Require().ToContents();
            return Entries.Count == 1 ? contents : contents with
            {
                Tables = StopOffset is null ? [.. End.Require().Tables.Select(table => table.Digest)] : [],
                Image = StopOffset is null ? End.Require().Image?.Fingerprint : null,
                HasLinks = true,
            };
        }
    }

    /// <summary>Plain bytes that a restore reads.</summary>
    public long PlainBytes => Entries.Sum(entry => entry.Require().PlainBytes);

    public long StoredBytes => Entries.Sum(entry => entry.Require().StoredBytes);

    /// <summary>The same, and then the log up to a place in the last of the segments.</summary>
    /// <param name="segments">Each begins where the one before ends, the first where the chain does, or before.</param>
    public BackupChain Then(IReadOnlyList<CatalogueEntry> segments, long? stopOffset) => new([.. Entries, .. segments]) { StopOffset = stopOffset };

    /// <summary>The same, but of its last increment only what is before a place in it.</summary>
    public BackupChain StoppedAt(long offset) => new(Entries) { StopOffset = offset };

    /// <param name="others">Backups of the same database.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a backup that it needs is missing or damaged, or two do not join.</exception>
    public static BackupChain Of(CatalogueEntry end, IEnumerable<CatalogueEntry> others)
    {
        Dictionary<string, CatalogueEntry> byId = others.ToDictionary(entry => entry.Id, StringComparer.Ordinal);
        List<CatalogueEntry> entries = [end];
        for (Manifest manifest = end.Require(); manifest.Kind != BackupKind.Full; manifest = entries[^1].Require())
        {
            CatalogueEntry parent = manifest.Parent is { } id && byId.TryGetValue(id, out CatalogueEntry? found)
                ? found
                : throw Broken(end, $"{manifest.Id} builds on {manifest.Parent}, which is missing");
            entries.Add(parent.Manifest is { } previous && !entries.Contains(parent)
                ? parent
                : throw Broken(end, $"{manifest.Id} builds on {parent.Id}, whose manifest is damaged"));
            if (previous.Position.End != manifest.Position.Start)
            {
                throw Broken(end, $"{previous.Id} ends at '{previous.Position.End}', and {manifest.Id} begins at '{manifest.Position.Start}'");
            }
        }

        entries.Reverse();
        return new BackupChain(entries);
    }

    /// <summary>As <see cref="Of"/>; null for one that is broken, which is no way to anywhere: whoever restores or verifies it is told why.</summary>
    public static BackupChain? Find(CatalogueEntry end, IEnumerable<CatalogueEntry> others)
    {
        try
        {
            return Of(end, others);
        }
        catch (AiShellException broken) when (broken.Kind == ErrorKind.Integrity)
        {
            return null;
        }
    }

    private static AiShellException Broken(CatalogueEntry end, string why) => new(
        ErrorKind.Integrity,
        $"The chain of {end.Id} is broken: {why}.",
        "Use an earlier backup of the chain or another one ('ai-shell backup list'), and make a full backup now.");
}
