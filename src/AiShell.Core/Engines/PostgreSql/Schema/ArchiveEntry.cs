namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>When an object is made, in pg_dump's terms (manual, pg_dump, <c>--section</c>).</summary>
internal enum ArchiveSection
{
    /// <summary>With the entry before it: comments, grants.</summary>
    None = 1,
    PreData = 2,
    Data = 3,
    PostData = 4,
}

/// <summary>One object of a dump, as the table of contents of pg_dump's archive has it.</summary>
/// <param name="Kind">pg_dump's word for it: <c>TABLE</c>, <c>FK CONSTRAINT</c>.</param>
/// <param name="Tag">Its name, for some kinds with more words: <c>orders orders_pkey</c>.</param>
/// <param name="Schema">Empty for what lies in no schema.</param>
/// <param name="Definition">The statements that make it; may be empty.</param>
/// <param name="Drop">The statement that drops it; empty for some kinds.</param>
/// <param name="DependsOn">Ids of entries that must come first.</param>
internal sealed record ArchiveEntry(
    int Id,
    string Kind,
    string Tag,
    string Schema,
    ArchiveSection Section,
    string Definition,
    string Drop,
    string Owner,
    string Tablespace,
    string TableAccessMethod,
    IReadOnlyList<int> DependsOn)
{
    /// <summary>The catalogue and the row in it that the object was read from; zeros for what has none.</summary>
    public (long Catalogue, long Row) Oid { get; init; }

    public override string ToString() => $"{Kind} {(Schema.Length > 0 ? $"{Schema}." : "")}{Tag}";
}
