namespace AiShell.Engines;

/// <summary>A table as the engine names it; <see cref="Schema"/> is empty where the engine has no schemas (SQLite).</summary>
public sealed record TableName(string Schema, string Name) : IComparable<TableName>
{
    /// <summary>Ordinal by schema, then by name, so that listings and manifests do not depend on a culture.</summary>
    public int CompareTo(TableName? other)
    {
        if (other is null)
        {
            return 1;
        }

        int bySchema = string.CompareOrdinal(Schema, other.Schema);
        return bySchema != 0 ? bySchema : string.CompareOrdinal(Name, other.Name);
    }

    public override string ToString() => Schema.Length == 0 ? Name : $"{Schema}.{Name}";
}
