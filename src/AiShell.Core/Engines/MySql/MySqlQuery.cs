using System.Globalization;
using System.Text;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql;

/// <summary>
/// Runs one statement of the user's. Reading happens in a READ ONLY transaction that is never committed, and only statements that
/// return rows are let in; what such a transaction does not hold back (files of the server, sequences, locks) is refused by its words.
/// </summary>
internal static class MySqlQuery
{
    private const int ReadOnly = 1792;
    private const int SyntaxError = 1064;

    // What sessions of ours pin for dumps, and a person's statement should see as the server has it.
    private const string UsualSettings = "SET SESSION time_zone = DEFAULT, sql_mode = DEFAULT, ";

    private static readonly string[] Reading = ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"];

    private static readonly string[] NotHeldBack = ["/*!", ";", "OUTFILE", "DUMPFILE", "NEXTVAL", "SETVAL", "GET_LOCK"];

    public static async Task<QueryResult> RunAsync(ConnectionSettings settings, string statement, QueryOptions options, CancellationToken cancellationToken)
    {
        if (!options.AllowWrite && !OnlyReads(statement))
        {
            throw MayWrite(null);
        }

        using MySqlSession session = await Server.OpenAsync(settings, cancellationToken);
        try
        {
            return await ServerErrors.RunAsync(session, $"database '{settings.Database}'", open => Run(open, statement, options), cancellationToken);
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError { Number: ReadOnly })
        {
            throw MayWrite(failure);
        }
        catch (AiShellException failure) when (failure.InnerException is ServerError { Number: SyntaxError })
        {
            throw new AiShellException(ErrorKind.Failed, failure.Message, "'query' takes one statement; the stock client runs scripts.", failure);
        }
        catch (NotSupportedException)
        {
            throw new AiShellException(ErrorKind.Usage, "'query' sends no files of this machine to the server.", "Use the stock client for LOAD DATA LOCAL.");
        }
    }

    /// <summary>Whatever the server's sql_mode says of backslashes: both readings must be harmless.</summary>
    private static bool OnlyReads(string statement) => Array.TrueForAll([true, false], escapes =>
    {
        string[] words = [.. StatementText.Words(statement, escapes)];
        return words.Length > 0 && Reading.Contains(words[0]) && !words.Intersect(NotHeldBack).Any() && !LocksRows(words);
    });

    private static bool LocksRows(string[] words) => words.Zip(words.Skip(1)).Any(
        pair => pair is ("FOR", "UPDATE") or ("FOR", "SHARE") or ("LOCK", "IN") or ("NEXT", "VALUE") or ("PREVIOUS", "VALUE"));

    private static QueryResult Run(MySqlSession session, string statement, QueryOptions options)
    {
        session.Execute(UsualSettings + (session.Features.IsMariaDb ? "max_statement_time = DEFAULT" : "max_execution_time = DEFAULT"));
        if (!options.AllowWrite)
        {
            session.Execute("START TRANSACTION READ ONLY");
        }

        // A statement that may write runs to its end.
        TextResult result = TextResult.Run(session, statement, options.Limit ?? int.MaxValue, stopsThere: !options.AllowWrite);
        return new QueryResult(
            [.. result.Columns.Select(column => column.Name)],
            [.. result.Rows.Select(row => row.Select((value, index) => Value(value, result.Columns[index])).ToArray())],
            result.Truncated,
            options.AllowWrite ? result.Affected : -1);
    }

    private static AiShellException MayWrite(Exception? cause) =>
        new(ErrorKind.Refused, "The statement would change the database or reach beyond it, or may.", "Add --write if it shall.", cause);

    /// <summary>By the protocol's type (manual, "Column Type").</summary>
    private static object? Value(byte[]? bytes, TextColumn column)
    {
        if (bytes is null)
        {
            return null;
        }

        const int Bytes = 63;
        switch (column.Type)
        {
            case 1 or 2 or 3 or 8 or 9 or 13:
                return long.TryParse(bytes, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole : (object)decimal.Parse(bytes, CultureInfo.InvariantCulture);
            case 4 or 5:
                return double.Parse(bytes, CultureInfo.InvariantCulture);
            case 0 or 246:
                string digits = Encoding.ASCII.GetString(bytes);
                return decimal.TryParse(digits, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal exact) && exact.ToString(CultureInfo.InvariantCulture) == digits ? exact : digits;
            case 16:
                ulong bits = bytes.Aggregate(0UL, (value, next) => (value << 8) | next);
                return bits <= long.MaxValue ? (long)bits : (object)(decimal)bits;
            case 249 or 250 or 251 or 252 or 253 or 254 or 255 when column.CharacterSet == Bytes:
                return bytes;
            default:
                return Encoding.UTF8.GetString(bytes);
        }
    }
}
