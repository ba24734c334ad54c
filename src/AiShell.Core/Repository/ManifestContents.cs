using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>A manifest as engines need it.</summary>
internal static class ManifestContents
{
    /// <summary>What is restored: without <see cref="PartPhase.Index"/>.</summary>
    public static BackupContents ToContents(this Manifest manifest) => manifest.ToLink().WithoutIndex();

    /// <summary>All parts.</summary>
    public static BackupContents ToLink(this Manifest manifest)
    {
        var parts = new List<BackupPart>(manifest.Parts.Count);
        var offsets = new Dictionary<PartPhase, long>();
        string codecExtension = Codecs.CodecRegistry.ByName(manifest.Compression.Codec).Extension;
        foreach (ManifestPart part in manifest.Parts)
        {
            long offset = offsets.GetValueOrDefault(part.Phase);
            offsets[part.Phase] = offset + part.PlainBytes;
            string plainPath = part.Path[..^codecExtension.Length];
            string extension = Path.GetExtension(plainPath).TrimStart('.');
            parts.Add(new BackupPart(parts.Count, part.Phase, part.Table, extension, part.Rows, part.PlainBytes, offset));
        }

        return new BackupContents(
            manifest.Engine, manifest.EngineVersion, manifest.Format, manifest.Scope, parts, [.. manifest.Tables.Select(table => table.Digest)])
        {
            Requires = manifest.Requires ?? new Dictionary<string, IReadOnlyList<string>>(),
            Objects = manifest.Objects,
            Globals = manifest.Globals ?? new Dictionary<string, IReadOnlyList<string>>(),
            Image = manifest.Image?.Fingerprint,
        };
    }
}
