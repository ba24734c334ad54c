using System.Runtime.InteropServices;
using AiShell.IO;

namespace AiShell.Engines.Sqlite;

/// <summary>The bundled SQLite and those of its calls that Microsoft.Data.Sqlite does not offer.</summary>
internal static unsafe partial class SqliteLibrary
{
    private const string Name = "e_sqlite3";

    static SqliteLibrary() => SqliteRuntime.EnsureLoaded();

    /// <summary>For example <c>3.53.4</c>.</summary>
    public static string Version => SQLitePCL.raw.sqlite3_libversion().utf8_to_string();

    [LibraryImport(Name, EntryPoint = "sqlite3_snapshot_get", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SnapshotGet(nint database, string schema, out nint snapshot);

    [LibraryImport(Name, EntryPoint = "sqlite3_snapshot_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SnapshotOpen(nint database, string schema, nint snapshot);

    [LibraryImport(Name, EntryPoint = "sqlite3_snapshot_free")]
    public static partial void SnapshotFree(nint snapshot);

    [LibraryImport(Name, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileControl(nint database, string schema, int operation, out nint result);

    [LibraryImport(Name, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileControl(nint database, string schema, int operation, out int result);

    [LibraryImport(Name, EntryPoint = "sqlite3_column_text")]
    public static partial byte* ColumnText(nint statement, int column);

    [LibraryImport(Name, EntryPoint = "sqlite3_drop_modules")]
    public static partial int DropModules(nint database, nint keep);

    [LibraryImport(Name, EntryPoint = "sqlite3_collation_needed")]
    public static partial int CollationNeeded(nint database, nint state, delegate* unmanaged[Cdecl]<nint, nint, int, byte*, void> add);

    [LibraryImport(Name, EntryPoint = "sqlite3_create_collation")]
    public static partial int CreateCollation(nint database, byte* name, int encoding, nint state, delegate* unmanaged[Cdecl]<nint, int, byte*, int, byte*, int> compare);
}
