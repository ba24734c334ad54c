namespace AiShell.Engines;

/// <summary>What the parts of a backup hold before compression.</summary>
public enum BackupFormat
{
    /// <summary>Statements that the database's own client runs.</summary>
    Sql,

    /// <summary>One JSON document a row (JSON Lines), the schema as SQL.</summary>
    Json,

    /// <summary>RFC 4180 rows with a header line, the schema as SQL.</summary>
    Csv,

    /// <summary>The engine's own bytes: page images, BSON, COPY streams.</summary>
    Native,
}

/// <summary>Schema, rows, or both.</summary>
public enum BackupScope
{
    All,
    SchemaOnly,
    DataOnly,
}

/// <summary>When a part is restored. Parts are listed and restored in this order.</summary>
public enum PartPhase
{
    /// <summary>What belongs to the server and not to the database: roles, tablespaces. Outside the database's own script; restored only when asked for.</summary>
    Globals,

    /// <summary>What must exist before rows: settings, tables.</summary>
    PreData,

    /// <summary>Rows or pages; any order and in parallel, as far as the engine allows.</summary>
    Data,

    /// <summary>What follows the rows: indexes, constraints, views, triggers, sequences.</summary>
    PostData,

    /// <summary>What the next increment compares with. No content: never restored, and no piece of the content's script or file.</summary>
    Index,
}
