using SQLitePCL;

namespace AiShell.IO;

/// <summary>
/// Loads the bundled SQLite, once for the process. In multi-thread mode (sqlite.org/threadsafe.html): a connection is used
/// by one thread at a time, so it needs no mutex around every call; and without memory statistics, whose mutex all
/// connections share. Measured: a fifth of the time of reading rows.
/// </summary>
public static class SqliteRuntime
{
    private const int ConfigMultithread = 2;
    private const int ConfigMemoryStatus = 9;

    static SqliteRuntime()
    {
        Batteries_V2.Init();

        // MISUSE: somebody has used SQLite before us; it then stays in its serialized mode, which is as safe.
        foreach (int result in new[] { raw.sqlite3_config(ConfigMultithread), raw.sqlite3_config(ConfigMemoryStatus, 0) })
        {
            if (result is not (raw.SQLITE_OK or raw.SQLITE_MISUSE))
            {
                throw new InvalidOperationException($"SQLite cannot be configured (result {result}).");
            }
        }
    }

    /// <summary>Free of cost after the first call.</summary>
    public static void EnsureLoaded()
    {
    }
}
