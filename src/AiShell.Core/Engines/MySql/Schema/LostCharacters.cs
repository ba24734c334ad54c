using System.Text;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// SHOW CREATE TABLE and information_schema speak utf8mb3: a character of four bytes in a label of an ENUM or SET, or in a default, is
/// told as a question mark, though the table has it. Here the server is asked for it in another way.
/// </summary>
internal static class LostCharacters
{
    private const char Lost = '?';

    public static TableDefinition Restore(MySqlSession session, TableDefinition table) => table with
    {
        Elements = [.. table.Elements.Select(element => element.Kind == ElementKind.Column && element.Sql.Contains(Lost, StringComparison.Ordinal) ? Restore(session, table.Name, element) : element)],
    };

    /// <summary>The text as a literal under a sql_mode with backslash escapes.</summary>
    public static string Literal(string text)
    {
        StringBuilder literal = new("'");
        foreach (char letter in text)
        {
            literal.Append(letter switch { '\'' => "''", '\\' => @"\\", '\0' => @"\0", '\n' => @"\n", '\r' => @"\r", '\u001a' => @"\Z", _ => letter.ToString() });
        }

        return literal.Append('\'').ToString();
    }

    private static TableElement Restore(MySqlSession session, string table, TableElement column)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(column.Sql);
        string sql = column.Sql;

        // From the end, so that earlier places stay where they are.
        int value = tokens.FindIndex(token => token.Is("DEFAULT")) + 1;
        if (value > 0 && value < tokens.Count && IsLost(tokens[value]))
        {
            sql = DefaultValues.Read(session, SqlLexer.Unquote(table))[column.Name] is { } text ? Replace(sql, tokens[value], text) : sql;
        }

        bool isEnum = tokens[1].Is("enum");
        if ((isEnum || tokens[1].Is("set")) && SqlLexer.ClosingBracket(column.Sql, tokens[2].Start) is var close)
        {
            SqlToken[] labels = [.. tokens.Skip(3).TakeWhile(token => token.Start < close).Where(token => token.Text[0] == '\'')];
            for (int label = labels.Length - 1; label >= 0; label--)
            {
                sql = IsLost(labels[label]) ? Replace(sql, labels[label], ReadLabel(session, table, column.Name, isEnum ? (ulong)label + 1 : 1UL << label)) : sql;
            }
        }

        return column with { Sql = sql };
    }

    private static bool IsLost(SqlToken token) => token.Text[0] == '\'' && token.Text.Contains(Lost, StringComparison.Ordinal);

    private static string Replace(string sql, SqlToken token, string text) => $"{sql[..token.Start]}{Literal(text)}{sql[token.End..]}";

    private static string ReadLabel(MySqlSession session, string table, string column, ulong value)
    {
        if (!session.Features.IsMariaDb)
        {
            return FromHex(session.Scalar($"SELECT HEX(CONVERT({SqlText.Quote(column)} USING utf8mb4)) FROM {table} WHERE {SqlText.Quote(column)} + 0 = {value} LIMIT 1")
                ?? throw new AiShellException(
                    ErrorKind.Failed, $"A label of column '{column}' of the table {table} has a character that the server does not tell.", "Leave the table out with --exclude-tables, or rename the label."));
        }

        // A variable of the column's type needs no row and no privilege but SELECT.
        session.Execute($"BEGIN NOT ATOMIC DECLARE label TYPE OF {table}.{SqlText.Quote(column)}; SET label = {value}; SET @ai_shell_label = HEX(CONVERT(label USING utf8mb4)); END");
        return FromHex(session.Scalar("SELECT @ai_shell_label"));
    }

    private static string FromHex(string? hex) => Encoding.UTF8.GetString(Convert.FromHexString(hex ?? ""));
}
