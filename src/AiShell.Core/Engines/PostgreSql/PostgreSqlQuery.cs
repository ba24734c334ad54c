using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Runs one statement of the user's. Reading happens in a READ ONLY transaction that is never committed, and only statements that
/// return rows are let in: DO, CALL and COPY could leave the transaction or the database.
/// </summary>
internal static class PostgreSqlQuery
{
    private const string ReadOnly = "25006";
    private const string SyntaxError = "42601";

    // What sessions of ours pin for dumps, and a person's statement should see as usual.
    private const string UsualSettings = "RESET search_path; RESET row_security; RESET check_function_bodies; RESET xmloption; RESET statement_timeout";

    private static readonly string[] Reading = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"];

    public static async Task<QueryResult> RunAsync(ConnectionSettings settings, string statement, QueryOptions options, CancellationToken cancellationToken)
    {
        if (!options.AllowWrite && !Reading.Contains(StatementText.FirstWord(statement)))
        {
            throw MayWrite(null);
        }

        (_, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            try
            {
                return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Run(open, statement, options), cancellationToken);
            }
            catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: ReadOnly })
            {
                throw MayWrite(failure);
            }
            catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: SyntaxError })
            {
                throw new AiShellException(ErrorKind.Failed, failure.Message, "'query' takes one statement; psql runs scripts.", failure);
            }
        }
    }

    private static QueryResult Run(WireSession session, string statement, QueryOptions options)
    {
        session.Execute(options.AllowWrite ? UsualSettings : $"{UsualSettings}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");

        // One row more than is shown tells whether there are more. A statement that may write runs to its end.
        int mostRows = options.Limit is { } limit ? (int)Math.Min(limit + 1L, int.MaxValue) : int.MaxValue;
        WireResult result = session.QueryOnce(statement, mostRows, stopsThere: !options.AllowWrite);
        if (result.IsCopy)
        {
            throw new AiShellException(ErrorKind.Usage, "'query' shows rows; COPY sends them as a file.", "Use SELECT here, or psql's \\copy.");
        }

        bool truncated = result.Rows.Count > options.Limit;
        IEnumerable<string?[]> rows = truncated ? result.Rows.Take(options.Limit!.Value) : result.Rows;
        return new QueryResult(
            [.. result.Columns.Select(column => column.Name)],
            [.. rows.Select(row => row.Select((value, index) => Value(value, result.Columns[index].TypeOid)).ToArray())],
            truncated,
            result.Columns.Count == 0 && result.Tag.Split(' ') is [.., var count] && long.TryParse(count, CultureInfo.InvariantCulture, out long affected) ? affected : -1);
    }

    private static AiShellException MayWrite(Exception? cause) =>
        new(ErrorKind.Refused, "The statement would change the database, or may.", "Add --write if it shall.", cause);

    /// <summary>By the type's number, which is fixed for built-in types (pg_type.dat).</summary>
    private static object? Value(string? text, uint type) => (text, type) switch
    {
        (null, _) => null,
        (_, 16) => text == "t",
        (_, 20 or 21 or 23 or 26) => long.Parse(text, CultureInfo.InvariantCulture),
        (_, 700 or 701) => double.Parse(text, CultureInfo.InvariantCulture),
        (_, 1700) when decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal number) && number.ToString(CultureInfo.InvariantCulture) == text => number,
        (_, 17) when text.StartsWith("\\x", StringComparison.Ordinal) => Convert.FromHexString(text.AsSpan(2)),
        _ => text,
    };
}
