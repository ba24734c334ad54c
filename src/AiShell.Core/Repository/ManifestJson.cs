using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>Reads and writes manifests. What is read back has been checked against its own digest.</summary>
public static class ManifestJson
{
    public static byte[] Write(Manifest manifest)
    {
        return JsonSerializer.SerializeToUtf8Bytes(manifest with { Digest = DigestOf(manifest) }, RepositoryJson.Readable.Manifest);
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: cut short, altered, or of a version unknown here.</exception>
    public static Manifest Read(ReadOnlyMemory<byte> json, string key)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            CheckVersion(document.RootElement, key);
            Manifest manifest = document.RootElement.Deserialize(RepositoryJson.Compact.Manifest)
                ?? throw new JsonException("The document is empty.");
            if (manifest.Digest != DigestOf(document.RootElement))
            {
                throw Damaged(key, "its digest does not match its content", cause: null);
            }

            return manifest;
        }
        catch (Exception failure) when (failure is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw Damaged(key, "it is cut short or is not valid JSON", failure);
        }
    }

    /// <summary>As it will be written.</summary>
    public static string DigestOf(Manifest manifest) => DigestOf(JsonSerializer.SerializeToElement(manifest with { Digest = null }, RepositoryJson.Compact.Manifest));

    private static string DigestOf(JsonElement document) =>
        Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(document, withoutKey: "digest")));

    private static void CheckVersion(JsonElement root, string key)
    {
        int version = root.GetProperty("formatVersion"u8).GetInt32();
        if (version != Manifest.CurrentFormatVersion)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"The manifest '{key}' has format version {version}; this program reads version {Manifest.CurrentFormatVersion}.",
                "Use the version of ai-shell that wrote the backup, or a newer one.");
        }
    }

    private static AiShellException Damaged(string key, string why, Exception? cause) => new(
        ErrorKind.Integrity,
        $"The manifest '{key}' is damaged: {why}.",
        "Restore the file from a copy of the repository; the backup's parts may still be whole (docs/format.md says how to read them by hand).",
        cause);
}

/// <summary>JSON of everything the repository stores; without reflection, so that start-up stays fast.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true,
    Converters = [typeof(LogPositionConverter), typeof(LowerCaseEnumConverter<BackupFormat>), typeof(LowerCaseEnumConverter<BackupKind>), typeof(HyphenEnumConverter<PartPhase>), typeof(HyphenEnumConverter<BackupScope>)])]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(RepositoryDescription))]
[JsonSerializable(typeof(LeaseRecord))]
[JsonSerializable(typeof(TimelineStart))]
[JsonSerializable(typeof(LogHead))]
[JsonSerializable(typeof(SegmentCommit))]
[JsonSerializable(typeof(KeptCopy))]
internal sealed partial class RepositoryJson : JsonSerializerContext
{
    private static RepositoryJson? _readable;

    public static RepositoryJson Compact => Default;

    /// <summary>Indented, non-ASCII letters as they are: for people.</summary>
    public static RepositoryJson Readable => _readable ??= new(new JsonSerializerOptions(Default.Options)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

internal sealed class LowerCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

internal sealed class HyphenEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

internal sealed class LogPositionConverter : JsonConverter<LogPosition>
{
    public override LogPosition Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetString() ?? throw new JsonException("A position is a string."));

    public override void Write(Utf8JsonWriter writer, LogPosition value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}
