using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// All that <c>main</c> of a database declares, in the order of <c>sqlite_schema</c>, which is an order in which it can
/// be created again (tables before their indexes and triggers).
/// </summary>
/// <param name="Encoding">As <c>PRAGMA encoding</c> says it: <c>UTF-8</c>, <c>UTF-16le</c>, <c>UTF-16be</c>.</param>
/// <param name="AutoVacuum">0 none, 1 full, 2 incremental.</param>
/// <param name="JournalMode">Lower case; only <c>wal</c> is kept in the file.</param>
/// <param name="Tables">Tables and virtual tables, SQLite's own (<c>sqlite_…</c>) left out.</param>
/// <param name="SystemTables">Those of <c>sqlite_sequence</c>, <c>sqlite_stat1</c>… that are there.</param>
/// <param name="Indexes">Those made by CREATE INDEX.</param>
internal sealed record SqliteSchema(
    string Encoding,
    int PageSizeBytes,
    int AutoVacuum,
    string JournalMode,
    long UserVersion,
    long ApplicationId,
    IReadOnlyList<SqliteTable> Tables,
    IReadOnlyList<SqliteTable> SystemTables,
    IReadOnlyList<SchemaObject> Indexes,
    IReadOnlyList<SchemaObject> Views,
    IReadOnlyList<SchemaObject> Triggers)
{
    /// <summary>The tables that hold rows: ordinary ones and the shadow tables in which virtual tables keep theirs.</summary>
    public IEnumerable<SqliteTable> RowTables => Tables.Where(table => !table.IsVirtual);

    public bool IsUtf16 => Encoding != "UTF-8";

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the schema cannot be read.</exception>
    public static SqliteSchema Read(SqliteConnection connection) => SchemaReader.Read(connection);

    /// <summary>SQLite compares names without regard to the case of A–Z.</summary>
    public SqliteTable? Find(string tableName) =>
        Tables.FirstOrDefault(table => string.Equals(table.Name.Name, tableName, StringComparison.OrdinalIgnoreCase));
}

/// <param name="Type"><c>index</c>, <c>view</c> or <c>trigger</c>.</param>
/// <param name="TableName">The table or view it belongs to; its own name for a view.</param>
/// <param name="Sql">As stored in <c>sqlite_schema</c>.</param>
internal sealed record SchemaObject(string Type, string Name, string TableName, string Sql);

/// <param name="RootPage">First page of its b-tree, 0 for a virtual table.</param>
/// <param name="Columns">All columns in declaration order, hidden and generated ones too; empty for a virtual table.</param>
/// <param name="RowidName">
/// How a statement names the rowid: the INTEGER PRIMARY KEY column, else one of <c>rowid</c>, <c>_rowid_</c>, <c>oid</c>
/// that no column is called; null for WITHOUT ROWID tables and where columns take all three names.
/// </param>
/// <param name="RowidColumn">Index into <see cref="StoredColumns"/> of the INTEGER PRIMARY KEY, or -1.</param>
/// <param name="VirtualOwner">For a shadow table the virtual table that keeps its rows there, else null.</param>
internal sealed record SqliteTable(
    TableName Name,
    string Sql,
    long RootPage,
    IReadOnlyList<SqliteColumn> Columns,
    bool IsVirtual,
    bool IsWithoutRowid,
    bool IsStrict,
    string? RowidName,
    int RowidColumn,
    string? VirtualOwner)
{
    /// <summary>Columns that rows hold values for, in declaration order.</summary>
    public IReadOnlyList<SqliteColumn> StoredColumns { get; } = [.. Columns.Where(column => !column.IsGenerated)];

    public bool IsShadow => VirtualOwner is not null;

    /// <summary>The rowid is a value of its own, which no column shows: it comes first in the canonical row.</summary>
    public bool HasHiddenRowid => RowidName is not null && RowidColumn < 0;

    /// <summary>The names, not quoted, of the canonical row's values.</summary>
    public IEnumerable<string> RowColumns =>
        HasHiddenRowid ? StoredColumns.Select(column => column.Name).Prepend(RowidName!) : StoredColumns.Select(column => column.Name);
}

/// <param name="DeclaredType">As written, may be empty.</param>
/// <param name="KeyPosition">1-based position in the primary key, 0 outside it.</param>
internal sealed record SqliteColumn(string Name, string DeclaredType, bool IsGenerated, int KeyPosition, bool IsNotNull);
