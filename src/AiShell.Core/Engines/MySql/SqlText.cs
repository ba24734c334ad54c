namespace AiShell.Engines.MySql;

/// <summary>Names and texts in statements (manual, "Schema Object Names", "String Literals").</summary>
internal static class SqlText
{
    public static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    public static string Quote(string database, string name) => $"{Quote(database)}.{Quote(name)}";

    /// <summary>In GRANT a database's name is a pattern, and so is what stands after LIKE: this is the one that matches the name alone.</summary>
    public static string Pattern(string name) => name.Replace("_", "\\_", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal);

    /// <summary>A literal that means the same under every sql_mode, NO_BACKSLASH_ESCAPES too: text with a backslash goes as hexadecimal digits.</summary>
    public static string Literal(string text) => text.Contains('\\', StringComparison.Ordinal)
        ? $"_utf8mb4 0x{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text))}"
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
