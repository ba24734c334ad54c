using System.Text;
using System.Text.Unicode;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// SHOW CREATE TABLE and information_schema speak utf8mb3: a character of four bytes in a label of an ENUM or SET, or in a default, is
/// told as a question mark, though the table has it, and so is what is no character; in a default of bytes those are told raw. Here the
/// server is asked for it in another way. What no text stands for is written as a hexadecimal literal, which is the column's own bytes.
/// </summary>
internal static class LostCharacters
{
    private const char Lost = '?';
    private const char NoText = '\uFFFD'; // what bytes that are not UTF-8 were read as

    public static TableDefinition Restore(MySqlSession session, TableDefinition table) => table with
    {
        Elements = [.. table.Elements.Select(element => element.Kind == ElementKind.Column && IsLost(element.Sql) ? Restore(session, table.Name, element) : element)],
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

        // From the end, so that earlier places stay where they are. A long text's default is an expression, which is shown as it is.
        int value = tokens.FindIndex(token => token.Is("DEFAULT")) + 1;
        bool isLong = tokens[1].Text.EndsWith("text", StringComparison.OrdinalIgnoreCase) || tokens[1].Text.EndsWith("blob", StringComparison.OrdinalIgnoreCase);
        if (!isLong && !session.Features.ShowsExactExpressions && value > 0 && value < tokens.Count && IsLost(tokens[value]))
        {
            sql = ReadDefault(session, table, column.Name) is { } literal ? Replace(sql, tokens[value], literal) : sql;
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

    private static bool IsLost(SqlToken token) => token.Text[0] == '\'' && IsLost(token.Text);

    /// <summary>Something in it may be there in another form.</summary>
    public static bool IsLost(string text) => text.AsSpan().ContainsAny(Lost, NoText);

    private static string Replace(string sql, SqlToken token, string literal) => $"{sql[..token.Start]}{literal}{sql[token.End..]}";

    private static string? ReadDefault(MySqlSession session, string table, string column)
    {
        string name = SqlLexer.Unquote(table);
        byte[]? text = DefaultValues.Read(session, name)[column];
        session.Execute("SET @ai_shell_results = @@character_set_results, character_set_results = NULL");
        byte[]? raw = DefaultValues.Read(session, name)[column];
        session.Execute("SET character_set_results = @ai_shell_results");
        return text is null || raw is null ? null : Literal(raw, text);
    }

    private static string ReadLabel(MySqlSession session, string table, string column, ulong value)
    {
        string name = SqlText.Quote(column);
        if (!session.Features.IsMariaDb)
        {
            return ReadLabelOfRow(session, $"{table} WHERE {name} + 0 = {value}", column) ?? ReadLabelOfCopy(session, table, column, value);
        }

        // A variable of the column's type needs no row and no privilege but SELECT.
        session.Execute($"BEGIN NOT ATOMIC DECLARE label TYPE OF {table}.{name}; SET label = {value}; SET @ai_shell_raw = HEX(label), @ai_shell_label = HEX(CONVERT(label USING utf8mb4)); END");
        string?[] read = session.Query("SELECT @ai_shell_raw, @ai_shell_label")[0];
        return LiteralOfHex(read[0]!, read[1]);
    }

    private static string? ReadLabelOfRow(MySqlSession session, string from, string column)
    {
        string name = SqlText.Quote(column);
        return session.Query($"SELECT HEX({name}), HEX(CONVERT({name} USING utf8mb4)) FROM {from} LIMIT 1") is [[{ } raw, var text], ..] ? LiteralOfHex(raw, text) : null;
    }

    /// <summary>No row has it: one of a temporary table does.</summary>
    private static string ReadLabelOfCopy(MySqlSession session, string table, string column, ulong value)
    {
        const string Copy = "ai_shell_label";
        try
        {
            session.Execute($"CREATE TEMPORARY TABLE {Copy} AS SELECT {SqlText.Quote(column)} FROM {table} WHERE FALSE");
            session.Execute($"INSERT INTO {Copy} VALUES ({value})");
            string label = ReadLabelOfRow(session, Copy, column)!;
            session.Execute($"DROP TEMPORARY TABLE {Copy}");
            return label;
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"A label of column '{column}' of the table {table}, which no row has, has a character that the server tells nobody who may make no temporary table.",
                "Grant CREATE TEMPORARY TABLES on the database, leave the table out with --exclude-tables, or rename the label.",
                error);
        }
    }

    private static string LiteralOfHex(string raw, string? text) => Literal(Convert.FromHexString(raw), Convert.FromHexString(text ?? ""));

    /// <param name="raw">In the column's character set.</param>
    /// <param name="text">The same as UTF-8, as far as the server can.</param>
    private static string Literal(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> text) =>
        Utf8.IsValid(text) && (raw.SequenceEqual(text) || (!text.IsEmpty && !text.Contains((byte)Lost))) ? Literal(Encoding.UTF8.GetString(text)) : $"x'{Convert.ToHexString(raw)}'";
}
