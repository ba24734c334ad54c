using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiShell.Repository;

namespace AiShell.Tests.Repository;

internal static class TestManifest
{
    /// <summary>Text of a manifest whose digest fits, whatever it says.</summary>
    public static string Sign(JsonObject manifest)
    {
        manifest.Remove("digest");
        using JsonDocument document = JsonDocument.Parse(manifest.ToJsonString());
        manifest["digest"] = Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(document.RootElement)));
        return manifest.ToJsonString();
    }
}
