using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiShell.Cli.Output.Json;

/// <summary>ISO 8601 in UTC with a Z: <c>2026-11-23T01:02:03.456Z</c>.</summary>
internal class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public static string Format(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.Parse(reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Format(value));
}

/// <summary>The same to the tenth of a microsecond: an instant that is given back, and then must not lie outside of what it bounds.</summary>
internal sealed class ExactTimeConverter : UtcTimeConverter
{
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(AiShell.Restore.RecoveryTarget.Show(value));
}
