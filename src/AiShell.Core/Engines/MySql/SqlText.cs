using System.Text.RegularExpressions;

namespace AiShell.Engines.MySql;

/// <summary>Names and texts in statements (manual, "Schema Object Names", "String Literals").</summary>
internal static class SqlText
{
    public static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    public static string Quote(string database, string name) => $"{Quote(database)}.{Quote(name)}";

    /// <summary>In GRANT a database's name is a pattern, and so is what stands after LIKE: this is the one that matches the name alone.</summary>
    public static string Pattern(string name) => name.Replace("_", "\\_", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal);

    /// <summary>Whether such a pattern matches a name: <c>_</c> stands for any character and <c>%</c> for any characters, unless a backslash is before them.</summary>
    public static bool Matches(string pattern, string name, bool ignoreCase = false) => Regex.IsMatch(
        name,
        $"^{Regex.Replace(pattern, @"\\?.", letter => letter.Value switch { "%" => ".*", "_" => ".", ['\\', var escaped] => Regex.Escape(escaped.ToString()), var plain => Regex.Escape(plain) }, RegexOptions.Singleline)}$",
        RegexOptions.Singleline | RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));

    /// <summary>A literal that means the same under every sql_mode, NO_BACKSLASH_ESCAPES too: text with a backslash goes as hexadecimal digits.</summary>
    public static string Literal(string text) => text.Contains('\\', StringComparison.Ordinal)
        ? $"_utf8mb4 0x{Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text))}"
        : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
