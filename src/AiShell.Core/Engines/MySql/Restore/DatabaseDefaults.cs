using System.Text.Json;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>What a database gives its new tables.</summary>
internal sealed record DatabaseDefaults(string CharacterSet, string Collation)
{
    private const string Mark = "-- database ";

    /// <summary>For CREATE and ALTER DATABASE.</summary>
    public string Clause => $"CHARACTER SET {SqlText.Quote(CharacterSet)} COLLATE {SqlText.Quote(Collation)}";

    public static DatabaseDefaults Read(MySqlSession session, string database) =>
        session.Query($"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {SqlText.Literal(database)}")
            .Where(row => string.Equals(row[2], database, StringComparison.Ordinal))
            .Select(row => new DatabaseDefaults(row[0]!, row[1]!))
            .First();

    /// <summary>As the first entry of a backup says it.</summary>
    /// <exception cref="InvalidDataException">It does not.</exception>
    public static DatabaseDefaults Parse(string sql)
    {
        string? line = sql.Split('\n').FirstOrDefault(line => line.StartsWith(Mark, StringComparison.Ordinal));
        try
        {
            using JsonDocument json = JsonDocument.Parse(line is null ? "" : line[Mark.Length..]);
            return new DatabaseDefaults(json.RootElement.GetProperty("characterSet").GetString()!, json.RootElement.GetProperty("collation").GetString()!);
        }
        catch (Exception damage) when (damage is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException("the database's own line is not one", damage);
        }
    }
}
