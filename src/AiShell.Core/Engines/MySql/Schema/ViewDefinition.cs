namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// SHOW CREATE VIEW leaves the session's database out, but not of columns where the view cannot be opened: its definer may not read what it
/// refers to, and is perhaps granted it later.
/// </summary>
internal static class ViewDefinition
{
    public static string WithoutDatabase(string sql, string database)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(sql);
        string name = SqlText.Quote(database);
        for (int at = tokens.Count - 5; at >= 0; at--)
        {
            bool isColumn = tokens[at].Text == name && tokens[at + 1].Text == "." && tokens[at + 2].IsName && tokens[at + 3].Text == "." && tokens[at + 4].IsName;
            if (isColumn)
            {
                sql = sql.Remove(tokens[at].Start, tokens[at + 2].Start - tokens[at].Start);
            }
        }

        return sql;
    }
}
