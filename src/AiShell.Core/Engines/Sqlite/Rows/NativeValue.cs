namespace AiShell.Engines.Sqlite.Rows;

/// <summary>Values on their way from canonical rows into statements.</summary>
internal static class NativeValue
{
    /// <summary>Binds without a copy: the row stays pinned until the statement has been stepped.</summary>
    public static unsafe int Bind(nint statement, int parameter, in CanonicalValues value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                return NativeSqlite.BindNull(statement, parameter);
            case ValueKind.Integer:
                return NativeSqlite.BindInteger(statement, parameter, value.Integer);
            case ValueKind.Real:
                return NativeSqlite.BindReal(statement, parameter, value.Real);
            default:
                // A null pointer would bind NULL; a literal's bytes never move.
                fixed (byte* bytes = value.Bytes.IsEmpty ? "\0"u8 : value.Bytes)
                {
                    return value.Kind == ValueKind.Text
                        ? NativeSqlite.BindText(statement, parameter, bytes, (ulong)value.Bytes.Length, NativeSqlite.Static, NativeSqlite.Utf8)
                        : NativeSqlite.BindBlob(statement, parameter, bytes, (ulong)value.Bytes.Length, NativeSqlite.Static);
                }
        }
    }
}
