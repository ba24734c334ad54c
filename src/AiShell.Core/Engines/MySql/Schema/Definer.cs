namespace AiShell.Engines.MySql.Schema;

/// <summary>The account in whose name a view, routine, trigger or event runs, in the statement that makes it.</summary>
/// <param name="Clause">Where <c>DEFINER=</c> begins in the statement.</param>
/// <param name="Start">Of the account in the statement.</param>
/// <param name="End">Excluded.</param>
internal sealed record Definer(string User, string Host, int Clause, int Start, int End)
{
    /// <summary>
    /// Begins the name of the account by which an import runs a script, eight hexadecimal digits follow. What is in its name was in nobody's:
    /// the stock client would have made it in its user's.
    /// </summary>
    public const string ImportPrefix = "ai_shell_import_";

    private const int ImportDigits = 8;

    private bool IsImport =>
        Host == "%" && User.Length == ImportPrefix.Length + ImportDigits && User.StartsWith(ImportPrefix, StringComparison.Ordinal) && User[ImportPrefix.Length..].All(char.IsAsciiHexDigitLower);

    /// <summary>As information_schema names it. A role has no host.</summary>
    public string Account => $"{User}@{Host}";

    /// <param name="sql">Begins with CREATE, as SHOW CREATE says it.</param>
    /// <returns>Null where it names none.</returns>
    public static Definer? Find(string sql)
    {
        List<SqlToken> tokens = [];
        for (int start = 0; start < sql.Length && tokens.Count < 40; start = SqlLexer.EndOfToken(sql, start))
        {
            int end = SqlLexer.EndOfToken(sql, start);
            SqlToken token = new(start, end, sql[start..end]);
            if (token.Is("VIEW") || token.Is("FUNCTION") || token.Is("PROCEDURE") || token.Is("TRIGGER") || token.Is("EVENT") || token.Is("PACKAGE") || token.Is("LIBRARY"))
            {
                break;
            }

            tokens.Add(token);
        }

        int at = tokens.FindIndex(token => token.Is("DEFINER"));
        if (at < 0 || tokens.Count <= at + 2 || !IsName(tokens[at + 2]))
        {
            return null;
        }

        bool hasHost = tokens.Count > at + 4 && tokens[at + 3].Text == "@" && IsName(tokens[at + 4]);
        return new Definer(Unquote(tokens[at + 2].Text), hasHost ? Unquote(tokens[at + 4].Text) : "", tokens[at].Start, tokens[at + 2].Start, tokens[hasHost ? at + 4 : at + 2].End);
    }

    /// <summary>The statement with no account, where it is an import's.</summary>
    public static string WithoutImport(string sql) => Find(sql) is { IsImport: true } definer ? $"{sql[..definer.Clause]}{sql[definer.End..].TrimStart()}" : sql;

    /// <summary>Where the clause belongs in a statement that has none: behind a view's algorithm.</summary>
    /// <param name="sql">As SHOW CREATE says it.</param>
    public static int PlaceIn(string sql)
    {
        int at = "CREATE ".Length;
        return sql.AsSpan(at).StartsWith("ALGORITHM=", StringComparison.OrdinalIgnoreCase) ? sql.IndexOf(' ', at) + 1 : at;
    }

    /// <summary>The statement with another account, which is given quoted: <c>`app`@`%`</c>.</summary>
    public static string Rewrite(string sql, string account) => Find(sql) is { } definer ? $"{sql[..definer.Start]}{account}{sql[definer.End..]}" : sql;

    /// <summary>What was made under ANSI_QUOTES is shown with it.</summary>
    private static bool IsName(SqlToken token) => token.IsName || token.Text[0] == '"';

    private static string Unquote(string name) => name[0] == '"' ? name[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : SqlLexer.Unquote(name);
}
