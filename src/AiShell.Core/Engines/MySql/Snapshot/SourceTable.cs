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
    // UTF-8 as it is, or read as such without a loss.
    private static readonly string[] Text = ["ascii", "latin1", "utf8", "utf8mb3", "utf8mb4"];

    /// <summary>The type's first word: <c>int</c>, <c>varchar</c>, <c>enum</c>.</summary>
    public string BaseType => new([.. Type.TakeWhile(char.IsAsciiLetterOrDigit)]);

    public bool IsUnsigned => Type.Contains(" unsigned", StringComparison.Ordinal);

    /// <summary>Its values are raw bytes in this character set, which the tables of client and server may translate differently; null for text that is told as UTF-8.</summary>
    public string? RawCharacterSet => CharacterSet is null || Text.Contains(CharacterSet) ? null : CharacterSet;
}
