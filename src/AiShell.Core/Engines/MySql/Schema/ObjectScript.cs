using System.Text;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Schema;

/// <summary>The statements that make a view, routine, trigger or event, in a session like the one that made it, and set the session back.</summary>
internal static class ObjectScript
{
    private static readonly string[] Utf8 = ["utf8mb4", "utf8mb3", "utf8"];

    public static string Of(SourceObject source, DatabaseProperties database)
    {
        StringBuilder sql = new();
        bool otherDefault = source.DatabaseCollation is { } collation && collation != database.Collation;
        if (otherDefault)
        {
            // What a routine takes for its own comes from the database, at the moment at which it is made.
            sql.Append($"{DatabaseEntry.Alter(CharacterSetOf(source.DatabaseCollation!), source.DatabaseCollation!)};\n");
        }

        sql.Append($"SET sql_mode = '{source.SqlMode ?? DatabaseEntry.SqlMode}', character_set_client = {ClientFor(source)}, collation_connection = {source.Connection}{(source.TimeZone is null ? "" : $", time_zone = {SqlText.Literal(source.TimeZone)}")};\n");
        sql.Append(source.Kind == SourceObjects.View ? $"{source.Sql};\n" : ScriptStatements.Delimited(source.Sql));
        sql.Append($"SET NAMES utf8mb4;\nSET sql_mode = '{DatabaseEntry.SqlMode}'{(source.TimeZone is null ? "" : ", time_zone = '+00:00'")};\n");
        if (otherDefault)
        {
            sql.Append($"{DatabaseEntry.Alter(database.CharacterSet, database.Collation)};\n");
        }

        return sql.ToString();
    }

    /// <summary>The script is UTF-8. Where every byte of a text means the same in the character set it came in, that is kept.</summary>
    private static string ClientFor(SourceObject source) => Utf8.Contains(source.Client) || Ascii.IsValid(source.Sql) ? source.Client : "utf8mb4";

    private static string CharacterSetOf(string collation) => collation == "binary" ? collation : collation[..collation.IndexOf('_', StringComparison.Ordinal)];
}
