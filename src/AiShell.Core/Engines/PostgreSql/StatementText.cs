namespace AiShell.Engines.PostgreSql;

/// <summary>What little must be known of a statement's text (manual, "Lexical Structure").</summary>
internal static class StatementText
{
    /// <summary>The first word, in capitals, behind white space, comments and opening parentheses; empty where no word is first.</summary>
    public static string FirstWord(ReadOnlySpan<char> statement)
    {
        while (true)
        {
            statement = statement.TrimStart(" \t\r\n\f\v(");
            if (statement.StartsWith("--"))
            {
                int end = statement.IndexOfAny('\r', '\n');
                statement = end < 0 ? [] : statement[end..];
            }
            else if (statement.StartsWith("/*"))
            {
                statement = AfterComment(statement);
            }
            else
            {
                int end = statement.IndexOfAnyExcept(Letters);
                return (end < 0 ? statement : statement[..end]).ToString().ToUpperInvariant();
            }
        }
    }

    private static System.Buffers.SearchValues<char> Letters { get; } = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789$");

    /// <summary>Comments nest.</summary>
    private static ReadOnlySpan<char> AfterComment(ReadOnlySpan<char> statement)
    {
        int depth = 0;
        for (int at = 0; at + 1 < statement.Length; at++)
        {
            depth += (statement[at], statement[at + 1]) switch { ('/', '*') => 1, ('*', '/') => -1, _ => 0 };
            if ((statement[at], statement[at + 1]) is ('/', '*') or ('*', '/'))
            {
                at++;
            }

            if (depth == 0)
            {
                return statement[(at + 1)..];
            }
        }

        return [];
    }
}
