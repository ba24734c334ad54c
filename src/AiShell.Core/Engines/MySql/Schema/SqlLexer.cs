namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// Finds where quoted names, texts and comments end (manual, "Lexical Structure"), under a sql_mode without ANSI_QUOTES and
/// NO_BACKSLASH_ESCAPES, which is what our sessions read definitions in and our scripts are run in.
/// </summary>
internal static class SqlLexer
{
    /// <summary>The token that begins at <paramref name="start"/>: a quoted name or text, a comment, a word, a run of white space, or one character.</summary>
    /// <returns>Where it ends, excluded.</returns>
    public static int EndOfToken(ReadOnlySpan<char> sql, int start) => sql[start] switch
    {
        '`' => EndOfQuoted(sql, start, backslash: false),
        '\'' or '"' => EndOfQuoted(sql, start, backslash: true),
        '#' => EndOfLine(sql, start),
        '-' when sql[start..].StartsWith("--", StringComparison.Ordinal) && (start + 2 == sql.Length || sql[start + 2] <= ' ') => EndOfLine(sql, start),
        '/' when sql[start..].StartsWith("/*", StringComparison.Ordinal) => EndOfComment(sql, start),
        var first when char.IsWhiteSpace(first) => EndOfRun(sql, start, char.IsWhiteSpace),
        var first when IsWord(first) => EndOfRun(sql, start, IsWord),
        _ => start + 1,
    };

    /// <summary>All tokens but white space and comments, in order.</summary>
    public static List<SqlToken> Tokens(string sql)
    {
        List<SqlToken> tokens = [];
        for (int start = 0; start < sql.Length;)
        {
            int end = EndOfToken(sql, start);
            if (!IsSilent(sql, start))
            {
                tokens.Add(new SqlToken(start, end, sql[start..end]));
            }

            start = end;
        }

        return tokens;
    }

    /// <summary>Where the bracket at <paramref name="open"/> is closed.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    public static int ClosingBracket(ReadOnlySpan<char> sql, int open)
    {
        int depth = 0;
        for (int start = open; start < sql.Length; start = EndOfToken(sql, start))
        {
            depth += sql[start] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0)
            {
                return start;
            }
        }

        throw new FormatException("a bracket is not closed");
    }

    /// <summary>The name within backticks.</summary>
    public static string Unquote(string name) => name is ['`', .., '`'] ? name[1..^1].Replace("``", "`", StringComparison.Ordinal) : name;

    private static bool IsSilent(ReadOnlySpan<char> sql, int start) =>
        char.IsWhiteSpace(sql[start]) || sql[start] == '#' || ((sql[start] is '-' or '/') && EndOfToken(sql, start) > start + 1);

    private static bool IsWord(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$' or '@' || letter > 127;

    private static int EndOfRun(ReadOnlySpan<char> sql, int start, Func<char, bool> belongs)
    {
        int end = start + 1;
        while (end < sql.Length && belongs(sql[end]))
        {
            end++;
        }

        return end;
    }

    private static int EndOfQuoted(ReadOnlySpan<char> sql, int start, bool backslash)
    {
        char quote = sql[start];
        for (int at = start + 1; at < sql.Length; at++)
        {
            if (backslash && sql[at] == '\\')
            {
                at++;
            }
            else if (sql[at] == quote && at + 1 < sql.Length && sql[at + 1] == quote)
            {
                at++;
            }
            else if (sql[at] == quote)
            {
                return at + 1;
            }
        }

        throw new FormatException("a quoted text is not closed");
    }

    private static int EndOfLine(ReadOnlySpan<char> sql, int start) => sql[start..].IndexOf('\n') is >= 0 and var end ? start + end + 1 : sql.Length;

    private static int EndOfComment(ReadOnlySpan<char> sql, int start) =>
        sql[(start + 2)..].IndexOf("*/", StringComparison.Ordinal) is >= 0 and var end ? start + 2 + end + 2 : throw new FormatException("a comment is not closed");
}

/// <param name="End">Excluded.</param>
internal readonly record struct SqlToken(int Start, int End, string Text)
{
    public bool IsName => Text[0] == '`';

    public bool Is(string word) => Text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
