namespace AiShell.Engines.MySql.Schema;

/// <summary>Takes the statements of a script entry apart. Knows exactly what our scripts are made of, DELIMITER lines too, and no more.</summary>
internal static class ScriptStatements
{
    private const string DelimiterMark = "DELIMITER ";
    private const string Usual = ";";

    /// <summary>A statement with inner semicolons, so that the stock client takes it.</summary>
    public static string Delimited(string statement)
    {
        // The client looks for its delimiter outside texts and comments only; ours is not in the statement at all.
        string delimiter = ";;";
        while (statement.Contains(delimiter, StringComparison.Ordinal))
        {
            delimiter = delimiter == ";;" ? "$$" : $"{delimiter}$";
        }

        string lastLine = statement[(statement.LastIndexOf('\n') + 1)..];
        bool mayEndInComment = lastLine.Contains('#', StringComparison.Ordinal) || lastLine.Contains("--", StringComparison.Ordinal);
        return $"{DelimiterMark}{delimiter}\n{statement}{(mayEndInComment ? "\n" : "")}{delimiter}\n{DelimiterMark}{Usual}\n";
    }

    /// <summary>The statements in order, without what separates them.</summary>
    /// <exception cref="InvalidDataException">The text is none of our scripts.</exception>
    public static IEnumerable<string> Split(string sql)
    {
        int at = 0;
        while (SkipSilent(sql, at) is var start && start < sql.Length)
        {
            (string statement, at) = sql.AsSpan(start).StartsWith(DelimiterMark, StringComparison.Ordinal) ? Between(sql, start) : Plain(sql, start);
            yield return statement;
        }
    }

    private static int SkipSilent(string sql, int at)
    {
        while (at < sql.Length && (char.IsWhiteSpace(sql[at]) || sql.AsSpan(at).StartsWith("-- ", StringComparison.Ordinal)))
        {
            at = SqlLexer.EndOfToken(sql, at);
        }

        return at;
    }

    private static (string Statement, int End) Between(string sql, int start)
    {
        int line = sql.IndexOf('\n', start);
        string delimiter = line < 0 ? "" : sql[(start + DelimiterMark.Length)..line];
        string end = $"{delimiter}\n{DelimiterMark}{Usual}\n";
        int found = delimiter.Length == 0 ? -1 : sql.IndexOf(end, line, StringComparison.Ordinal);
        return found < 0 ? throw new InvalidDataException("a statement is not delimited as it begins") : (sql[(line + 1)..found], found + end.Length);
    }

    private static (string Statement, int End) Plain(string sql, int start)
    {
        try
        {
            for (int at = start; at < sql.Length; at = SqlLexer.EndOfToken(sql, at))
            {
                if (sql[at] == ';')
                {
                    return (sql[start..at], at + 1);
                }
            }
        }
        catch (FormatException failure)
        {
            throw new InvalidDataException(failure.Message, failure);
        }

        throw new InvalidDataException("a statement does not end");
    }
}
