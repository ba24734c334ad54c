using System.Security.Cryptography;
using AiShell.Repository;

namespace AiShell.Testing.Repository;

/// <summary>Makes sizes, checksums and digest of an uncompressed backup fit what its parts hold now.</summary>
public static class Forgery
{
    public static void Forge(string manifestPath)
    {
        string folder = Path.GetDirectoryName(manifestPath)!;
        Manifest manifest = ManifestJson.Read(File.ReadAllBytes(manifestPath), manifestPath);
        ManifestPart[] parts =
        [
            .. manifest.Parts.Select(part =>
            {
                byte[] content = File.ReadAllBytes(Path.Combine(folder, part.Path));
                return part with { PlainBytes = content.Length, StoredBytes = content.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };
            }),
        ];
        File.WriteAllBytes(manifestPath, ManifestJson.Write(manifest with { Parts = parts }));
    }
}
