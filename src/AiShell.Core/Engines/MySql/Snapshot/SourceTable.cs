namespace AiShell.Engines.MySql.Snapshot;

/// <summary>A table as the snapshot sees it. Names have no schema: a backup is of one database, whatever it is called.</summary>
/// <param name="Columns">Those that are written, in order: all but the generated ones.</param>
/// <param name="Key">Columns of the primary key, or of a unique key without NULLs; empty where there is none.</param>
/// <param name="Rows">The server's estimate.</param>
/// <param name="Bytes">Of its rows in memory, the server's estimate.</param>
internal sealed record SourceTable(TableName Name, IReadOnlyList<SourceColumn> Columns, IReadOnlyList<string> Key, string Engine, long Rows, long Bytes);

/// <param name="Type">As in information_schema.COLUMNS.COLUMN_TYPE: <c>int(10) unsigned</c>.</param>
/// <param name="CharacterSet">Null where the column has none, <c>binary</c> included.</param>
internal sealed record SourceColumn(string Name, string Type, string? CharacterSet)
{
    // What has a Unicode character for every value, and takes the same bytes back for it.
    private static readonly string[] Convertible = ["latin1", "utf16", "utf16le", "utf32"];
    private static readonly string[] Unicode = ["ascii", "utf8", "utf8mb3", "utf8mb4"];

    /// <summary>The type's first word: <c>int</c>, <c>varchar</c>, <c>enum</c>.</summary>
    public string BaseType => new([.. Type.TakeWhile(char.IsAsciiLetterOrDigit)]);

    public bool IsUnsigned => Type.Contains(" unsigned", StringComparison.Ordinal);

    /// <summary>Its values are raw bytes in this character set, which the tables of client and server may translate differently; null for text that is UTF-8.</summary>
    public string? RawCharacterSet => CharacterSet is null || Unicode.Contains(CharacterSet) || Convertible.Contains(CharacterSet) ? null : CharacterSet;

    /// <summary>What SELECT reads, in a session whose character_set_results is NULL.</summary>
    public string SelectExpression =>
        CharacterSet is not null && Convertible.Contains(CharacterSet) ? $"CONVERT({SqlText.Quote(Name)} USING utf8mb4)"
        : RawCharacterSet is not null ? $"CAST({SqlText.Quote(Name)} AS BINARY)"
        : SqlText.Quote(Name);
}
