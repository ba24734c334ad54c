using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiShell.Transfer;

/// <summary>
/// The content of <c>&lt;path&gt;.metadata.json</c> beside an exported file: what the file is, and the backup's manifest, so
/// that import can put the backup together again.
/// </summary>
/// <param name="File">The exported file's name, without directory.</param>
/// <param name="Sha256">Of the exported file, lower-case hexadecimal.</param>
/// <param name="Layout"><c>concatenated</c>: the parts one after the other; <c>tar</c>: one entry a part.</param>
/// <param name="Compression">The codec of the exported file, which may be another than the backup's.</param>
/// <param name="Manifest">The manifest as it stands in the repository.</param>
internal sealed record ExportMetadata(
    string File, long SizeBytes, string Sha256, string Layout, string Compression, DateTimeOffset ExportedAt, string ToolVersion, JsonElement Manifest)
{
    public const string Concatenated = "concatenated";
    public const string Tar = "tar";

    /// <summary>The server's own things, beside a file of concatenated parts; left out where there are none. In a tar they are an entry.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExportedGlobals? Globals { get; init; }

    /// <summary>The name of the manifest inside a tar.</summary>
    public const string ManifestEntry = "manifest.json";

    public static string PathFor(string exportedFile) => exportedFile + ".metadata.json";

    /// <summary>Where the server's own things go, never compressed: a person reads them before running them.</summary>
    public static string GlobalsPathFor(string exportedFile) => exportedFile + ".globals.sql";
}

/// <param name="File">Its name, without directory.</param>
internal sealed record ExportedGlobals(string File, long SizeBytes, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ExportMetadata))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class TransferJson : JsonSerializerContext;
