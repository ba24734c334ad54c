using AiShell.Engines;
using AiShell.Repository;
using AiShell.Repository.Codecs;

namespace AiShell.Transfer;

/// <summary>
/// A manifest from outside the repository. Its digest proves that it is whole, not that it is honest: whoever makes a manifest
/// makes its digest too.
/// </summary>
internal static class ImportedManifest
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: damaged, or not what an export writes.</exception>
    public static Manifest Read(byte[] json, string path)
    {
        Manifest manifest = ManifestJson.Read(json, path);
        if (WrongIn(manifest) is { } wrong)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"'{path}' is not what an export writes: {wrong}.", "Nothing was imported. Do not trust where this file came from.");
        }

        return manifest;
    }

    private static string? WrongIn(Manifest manifest)
    {
        if (!BackupId.IsValid(manifest.Id))
        {
            return $"'{manifest.Id}' is no backup's id";
        }

        if (CodecRegistry.All.FirstOrDefault(known => known.Name == manifest.Compression.Codec) is not { } codec)
        {
            return $"there is no compression '{manifest.Compression.Codec}'";
        }

        if (manifest.Parts.FirstOrDefault(part => part.PlainBytes < 0 || !IsPartName(part, codec)) is { } stray)
        {
            return $"'{stray.Path}' with {stray.PlainBytes:N0} bytes is no part";
        }

        return manifest.Parts.CountBy(part => part.Path).FirstOrDefault(path => path.Value > 1).Key is { } twice ? $"the part '{twice}' is there twice" : null;
    }

    private static bool IsPartName(ManifestPart part, ICodec codec) =>
        RepositoryKeys.IsPartPath(part.Path)
        && part.Path.EndsWith(codec.Extension, StringComparison.Ordinal)
        && (part.Phase == PartPhase.Globals ? part.Path == $"{RepositoryKeys.Globals}{codec.Extension}" : IsNameInParts(part.Path[..^codec.Extension.Length]));

    private static bool IsNameInParts(string path) => path.Split('/') is ["parts", not ("" or "." or "..")];
}
