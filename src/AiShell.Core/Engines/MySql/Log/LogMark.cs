using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiShell.Engines.MySql.Restore;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// What a part of ours says of itself, in a statement that does nothing wherever it is run: <c>SET @ai_shell_log = '…'</c>. The first event after the
/// format's description says where the part begins; the last of an increment's, where it ends.
/// </summary>
/// <param name="Database">Whose changes it has, as the server calls it.</param>
/// <param name="From">Where it goes on; null in the last.</param>
/// <param name="To">Up to where it has everything; null in the first.</param>
/// <param name="HasEnd">There is a mark at its end, without which it is cut short. A segment has none: it may be left after each transaction.</param>
internal sealed record LogMark(string Database, string? From, string? To, bool HasEnd)
{
    private const string Begin = "SET @ai_shell_log = '";
    private const string End = "'";
    private const int PostHeaderBytes = 13;

    /// <summary>The engine that the server gives to tables whose definition names none.</summary>
    public string? DefaultEngine { get; init; }

    /// <summary>What the server's machine calls its time zone.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The server's <c>lower_case_table_names</c>, by which the names in the log are compared.</summary>
    public int LowerCaseTableNames { get; init; }

    [JsonIgnore]
    public TableNameCase NameCase => new(LowerCaseTableNames.ToString(CultureInfo.InvariantCulture));

    /// <summary>An event that is in no server's log.</summary>
    public byte[] ToEvent(LogChecksum checksum)
    {
        string json = JsonSerializer.Serialize(this, MySqlLogJson.Default.LogMark).Replace("'", "\\u0027", StringComparison.Ordinal);
        byte[] text = Encoding.UTF8.GetBytes($"{Begin}{json}{End}");
        byte[] bytes = new byte[BinaryLogEvent.HeaderBytes + PostHeaderBytes + 1 + text.Length + (checksum == LogChecksum.Crc32 ? BinaryLogEvent.ChecksumBytes : 0)];
        bytes[4] = (byte)EventType.Query;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), bytes.Length);
        text.CopyTo(bytes, BinaryLogEvent.HeaderBytes + PostHeaderBytes + 1);
        OwnEvent.Seal(bytes, checksum);
        return bytes;
    }

    /// <summary>Null for any other statement.</summary>
    public static LogMark? Read(BinaryLogEvent from)
    {
        if (from.Type != EventType.Query || from.ServerId != 0)
        {
            return null;
        }

        string text = Encoding.UTF8.GetString(LoggedStatement.Read(from).Text);
        if (!text.StartsWith(Begin, StringComparison.Ordinal) || !text.EndsWith(End, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(text[Begin.Length..^End.Length], MySqlLogJson.Default.LogMark);
        }
        catch (JsonException)
        {
            throw LogDamage.Of("what it says of itself cannot be read");
        }
    }
}

[JsonSerializable(typeof(LogMark))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
internal sealed partial class MySqlLogJson : JsonSerializerContext;
