namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// SHOW CREATE FUNCTION and PROCEDURE name the database of each library that a routine in another language than SQL takes in (MySQL 9.2), also
/// where whoever made it did not. It would bind the routine to that database for good.
/// </summary>
internal static class RoutineDefinition
{
    public static string WithoutDatabase(string sql, string database)
    {
        List<SqlToken> head = HeadOf(sql);
        int libraries = head.FindIndex(token => token.Is("USING"));
        for (int at = head.Count - 3; libraries >= 0 && at > libraries; at--)
        {
            if (head[at + 1].Text == "." && Unquote(head[at].Text) == database && head[at - 1].Text is "(" or ",")
            {
                sql = sql.Remove(head[at].Start, head[at + 2].Start - head[at].Start);
            }
        }

        return sql;
    }

    /// <summary>Up to the body, whose texts and comments are those of its language.</summary>
    private static List<SqlToken> HeadOf(string sql)
    {
        List<SqlToken> head = [];
        int depth = 0;
        for (int start = 0; start < sql.Length;)
        {
            int end = SqlLexer.EndOfToken(sql, start);
            SqlToken token = new(start, end, sql[start..end]);
            if (depth == 0 && token.Is("AS"))
            {
                break;
            }

            depth += token.Text switch { "(" => 1, ")" => -1, _ => 0 };
            if (!string.IsNullOrWhiteSpace(token.Text))
            {
                head.Add(token);
            }

            start = end;
        }

        return head;
    }

    /// <summary>What was made under ANSI_QUOTES is shown with it.</summary>
    private static string Unquote(string name) => name is ['"', .., '"'] ? name[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : SqlLexer.Unquote(name);
}
