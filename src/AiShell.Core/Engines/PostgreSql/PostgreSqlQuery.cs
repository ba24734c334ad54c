using System.Globalization;
using AiShell.Engines.PostgreSql.Connecting;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql;

/// <summary>Runs one statement of the user's.</summary>
internal static class PostgreSqlQuery
{
    public static async Task<QueryResult> RunAsync(ConnectionSettings settings, string statement, QueryOptions options, CancellationToken cancellationToken)
    {
        (_, WireSession session) = await Server.FindAsync(settings, cancellationToken);
        using (session)
        {
            try
            {
                return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Run(open, statement, options), cancellationToken);
            }
            catch (AiShellException failure) when (failure.InnerException is ServerError { SqlState: "25006" })
            {
                throw new AiShellException(ErrorKind.Refused, "The statement would change the database.", "Add --write if it shall.", failure);
            }
        }
    }

    private static QueryResult Run(WireSession session, string statement, QueryOptions options)
    {
        session.Execute("RESET search_path");
        if (!options.AllowWrite)
        {
            session.Execute("SET default_transaction_read_only = on");
        }

        WireResult result = session.QueryOnce(statement, options.Limit is { } limit ? (int)Math.Min(limit + 1L, int.MaxValue) : 0);
        bool truncated = options.Limit is { } most && result.Rows.Count > most;
        IEnumerable<string?[]> rows = truncated ? result.Rows.Take(options.Limit!.Value) : result.Rows;
        return new QueryResult(
            [.. result.Columns.Select(column => column.Name)],
            [.. rows.Select(row => row.Select((value, index) => Value(value, result.Columns[index].TypeOid)).ToArray())],
            truncated,
            result.Columns.Count == 0 && result.Tag.Split(' ') is [.., var count] && long.TryParse(count, CultureInfo.InvariantCulture, out long affected) ? affected : -1);
    }

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
