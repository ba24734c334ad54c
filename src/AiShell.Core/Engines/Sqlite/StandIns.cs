using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Stand in for collations and functions that only the application has, where nothing depends on what they answer: reading whole tables in
/// their own order, walking pages. Never where something is searched, sorted or stored by them.
/// </summary>
internal static unsafe partial class StandIns
{
    /// <summary>The statement needs a collation or function that this process does not have.</summary>
    public static bool IsMissing(SqliteException failure) => failure.SqliteErrorCode == raw.SQLITE_ERROR && Missing().IsMatch(failure.Message);

    public static void AddCollations(SqliteConnection connection) => SqliteSession.Check(
        connection.Handle!, SqliteLibrary.CollationNeeded(connection.Handle!.DangerousGetHandle(), 0, &AddCollation));

    /// <summary>Repeats the work with a function that answers NULL for each that it lacks.</summary>
    public static T RunWithFunctions<T>(SqliteConnection connection, Func<T> work)
    {
        HashSet<string> added = new(StringComparer.OrdinalIgnoreCase);
        while (true)
        {
            try
            {
                return work();
            }
            catch (SqliteException failure) when (IsMissing(failure) && added.Add(NameIn(failure)))
            {
                SqliteSession.Check(
                    connection.Handle!,
                    raw.sqlite3_create_function(
                        connection.Handle!, NameIn(failure), -1, raw.SQLITE_UTF8 | raw.SQLITE_DETERMINISTIC, null, (context, _, _) => raw.sqlite3_result_null(context)));
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void AddCollation(nint state, nint database, int encoding, byte* name) =>
        _ = SqliteLibrary.CreateCollation(database, name, encoding, 0, &CompareBytes); // Without it SQLite says what is missing.

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CompareBytes(nint state, int oneLength, byte* one, int otherLength, byte* other) =>
        new ReadOnlySpan<byte>(one, oneLength).SequenceCompareTo(new ReadOnlySpan<byte>(other, otherLength));

    private static string NameIn(SqliteException failure) => Missing().Match(failure.Message).Groups["function"].Value;

    [GeneratedRegex(@"no such collation sequence: |(?:unknown|no such) function: (?<function>.*?)(?:\(\))?'?\.?\z", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Missing();
}
