using System.Globalization;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>What a server is, and what keeps this user from a backup or a restore.</summary>
internal static class MySqlProbe
{
    public static async Task<DatabaseProbe> RunAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Run(open, settings.Database), cancellationToken);
    }

    private static DatabaseProbe Run(MySqlSession session, string database)
    {
        string?[] schema = session.Query(
            $"""
            SELECT s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME,
                   (SELECT CAST(coalesce(sum(t.DATA_LENGTH + t.INDEX_LENGTH), 0) AS UNSIGNED) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME AND t.TABLE_TYPE <> 'VIEW'),
                   @@GLOBAL.log_bin, @@GLOBAL.read_only
            FROM information_schema.SCHEMATA s WHERE s.SCHEMA_NAME = {SqlText.Literal(database)}
            """) is [var found] ? found : throw new AiShellException(ErrorKind.Unreachable, $"There is no database '{database}' that the user may see.", "Check the database's name.");
        return new DatabaseProbe(
            session.ServerVersionText,
            long.Parse(schema[2]!, CultureInfo.InvariantCulture),
            [
                KeyValuePair.Create("server", session.Features.IsMariaDb ? "MariaDB" : "MySQL"),
                KeyValuePair.Create("encoding", schema[0]!),
                KeyValuePair.Create("collation", schema[1]!),
                KeyValuePair.Create("role", schema[4] == "0" ? "primary" : "read only"),
                KeyValuePair.Create("binary log", schema[3] == "1" ? "on" : "off"),
            ],
            []);
    }
}
