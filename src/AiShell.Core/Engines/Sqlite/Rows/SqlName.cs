namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Names in statements.</summary>
internal static class SqlName
{
    /// <summary>As the manual has it: in double quotes, those within doubled (https://sqlite.org/lang_keywords.html).</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A string literal, for names that are looked up as values.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
