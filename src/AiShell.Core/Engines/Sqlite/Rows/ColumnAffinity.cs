namespace AiShell.Engines.Sqlite.Rows;

internal enum Affinity : byte
{
    /// <summary>BLOB: values stay as they are.</summary>
    None,
    Text,

    /// <summary>INTEGER and NUMERIC, which convert alike.</summary>
    Integer,
    Real,
}

/// <summary>What a column's declared type makes of values (https://sqlite.org/datatype3.html, 3.1).</summary>
internal static class ColumnAffinity
{
    public static Affinity Of(string type)
    {
        bool Has(string part) => type.Contains(part, StringComparison.OrdinalIgnoreCase);
        return Has("INT") ? Affinity.Integer
            : Has("CHAR") || Has("CLOB") || Has("TEXT") ? Affinity.Text
            : type.Length == 0 || Has("BLOB") ? Affinity.None
            : Has("REAL") || Has("FLOA") || Has("DOUB") ? Affinity.Real
            : Affinity.Integer;
    }

    public static bool IsReal(string type) => Of(type) == Affinity.Real;
}
