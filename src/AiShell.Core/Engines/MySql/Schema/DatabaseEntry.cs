using System.Text.Json;
using System.Text.Json.Serialization;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Schema;

/// <summary>The first entry of the first part: what the database must be made with, and the settings that the script needs. The properties are in a comment, because the stock client runs in a database that is there.</summary>
internal static class DatabaseEntry
{
    public const string Kind = "DATABASE";

    /// <summary>What the script's statements are in; whoever changes one of these sets it back.</summary>
    public const string SqlMode = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES";

    private const string Mark = "-- database ";

    /// <param name="withSchema">The tables come too; otherwise only rows.</param>
    public static string ToSql(DatabaseProperties properties, bool withSchema) =>
        $"{Mark}{JsonSerializer.Serialize(properties, MySqlDatabaseJson.Default.DatabaseProperties)}\n"
        + $"SET NAMES utf8mb4;\nSET time_zone = '+00:00';\nSET sql_mode = '{SqlMode}';\nSET foreign_key_checks = 0, unique_checks = 0;\n"
        + (properties.History ? "SET SESSION system_versioning_insert_history = 1;\n" : "")
        + (withSchema ? $"{Alter(properties.CharacterSet, properties.Collation, properties.Comment)};\n" : "");

    /// <summary>Without a name it is the session's database that is altered, whatever it is called.</summary>
    public static string Alter(string characterSet, string collation, string? comment = null) =>
        $"ALTER DATABASE CHARACTER SET {characterSet} COLLATE {collation}{(comment is null ? "" : $" COMMENT {LostCharacters.Literal(comment)}")}";

    /// <exception cref="InvalidDataException">The entry says nothing of a database.</exception>
    public static DatabaseProperties Parse(string sql)
    {
        string line = sql.Split('\n')[0];
        try
        {
            return line.StartsWith(Mark, StringComparison.Ordinal)
                && JsonSerializer.Deserialize(line[Mark.Length..], MySqlDatabaseJson.Default.DatabaseProperties) is { CharacterSet: not null, Collation: not null } properties
                ? properties
                : throw new InvalidDataException("it does not begin with the database's properties");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException("the database's properties are damaged", failure);
        }
    }
}

[JsonSerializable(typeof(DatabaseProperties))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class MySqlDatabaseJson : JsonSerializerContext;
