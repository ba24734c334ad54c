namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// SHOW CREATE TRIGGER gives the statement as somebody wrote it, with the database's name before the trigger's and the table's if he
/// wrote it there. It would bind the trigger to that database for good.
/// </summary>
internal static class TriggerDefinition
{
    /// <param name="table">Its table as the server has it: where case is nothing to it, the statement may have another name.</param>
    /// <exception cref="FormatException">It is no CREATE TRIGGER.</exception>
    public static string WithoutDatabase(string sql, string table)
    {
        List<SqlToken> tokens = HeadOf(sql);
        int trigger = tokens.FindIndex(token => token.Is("TRIGGER"));
        int on = tokens.FindIndex(trigger + 1, token => token.Is("ON"));
        if (trigger < 0 || on < 0)
        {
            throw new FormatException("it is no CREATE TRIGGER");
        }

        int name = tokens[trigger + 1].Is("IF") ? trigger + 4 : trigger + 1;
        return Cut(WithTable(sql, tokens, on + 1, table), tokens, name);
    }

    /// <summary>Up to FOR EACH ROW: what follows may be in a sql_mode of its own.</summary>
    private static List<SqlToken> HeadOf(string sql)
    {
        List<SqlToken> head = [];
        for (int start = 0; start < sql.Length;)
        {
            int end = SqlLexer.EndOfToken(sql, start);
            SqlToken token = new(start, end, sql[start..end]);
            if (token.Is("EACH"))
            {
                return head;
            }

            if (!string.IsNullOrWhiteSpace(token.Text) && !token.Text.StartsWith("/*", StringComparison.Ordinal) && !token.Text.StartsWith("--", StringComparison.Ordinal) && token.Text[0] != '#')
            {
                head.Add(token);
            }

            start = end;
        }

        throw new FormatException("it is no CREATE TRIGGER");
    }

    private static string WithTable(string sql, List<SqlToken> tokens, int name, string table)
    {
        SqlToken last = tokens[name + 1].Text == "." ? tokens[name + 2] : tokens[name];
        string written = SqlLexer.Unquote(last.Text).Trim('"');
        return written != table && written.Equals(table, StringComparison.OrdinalIgnoreCase)
            ? $"{sql[..tokens[name].Start]}{SqlText.Quote(table)}{sql[last.End..]}"
            : Cut(sql, tokens, name);
    }

    private static string Cut(string sql, List<SqlToken> tokens, int name) =>
        tokens[name + 1].Text == "." ? sql.Remove(tokens[name].Start, tokens[name + 2].Start - tokens[name].Start) : sql;
}
