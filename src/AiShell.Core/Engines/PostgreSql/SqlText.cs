namespace AiShell.Engines.PostgreSql;

/// <summary>Names and texts as SQL (manual, "Identifiers and Key Words", "String Constants").</summary>
internal static class SqlText
{
    public static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Quote(TableName table) => $"{Quote(table.Schema)}.{Quote(table.Name)}";

    /// <summary>A DO statement (manual, DO) of these lines, which may have any text in them.</summary>
    public static string Block(string body)
    {
        string mark = "$database$";
        for (int number = 1; body.Contains(mark, StringComparison.Ordinal); number++)
        {
            mark = FormattableString.Invariant($"$database{number}$");
        }

        return $"DO {mark} BEGIN\n{body}\nEND {mark};\n";
    }

    /// <summary>Right whatever standard_conforming_strings is: a text with a backslash is written as an escape string.</summary>
    public static string Literal(string text)
    {
        string quoted = text.Replace("'", "''", StringComparison.Ordinal);
        return quoted.Contains('\\', StringComparison.Ordinal) ? $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'" : $"'{quoted}'";
    }
}
