using System.Text.RegularExpressions;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// SQLite's integrity check of a private file. It answers three questions: whether the file's structure is whole, whether every row is as its
/// table now declares (CHECK, NOT NULL, types), and whether virtual tables agree with themselves and with their external content. Only the
/// first is about damage: a database may hold rows from before its schema was changed, and a search index that lags behind; a faithful copy has them
/// too. That the rows, also those of virtual tables, are the source's own is for the fingerprints to prove.
/// </summary>
internal static partial class StructureCheck
{
    private const int MostProblems = 5;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: damaged.</exception>
    public static bool Require(string path, CancellationToken cancellationToken)
    {
        using SqliteConnection connection = Open(path);
        using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(connection, cancellationToken);
        List<string> problems;
        try
        {
            problems = ProblemsOf(connection, $"PRAGMA integrity_check({int.MaxValue})");
        }
        catch (SqliteException failure) when (StandIns.IsMissing(failure))
        {
            problems = ProblemsWithout(path, connection, cancellationToken);
        }

        return problems.Count == 0 ? true : throw new AiShellException(
            ErrorKind.Integrity,
            $"The database is damaged; SQLite's integrity check says: {string.Join("; ", problems.Select(problem => problem.ReplaceLineEndings(" ")))}",
            "Use another backup ('ai-shell backup list').");
    }

    /// <summary>
    /// Where a collation or function of the application is missing: the pages of the whole file, and the indexes of those tables that do
    /// without it.
    /// </summary>
    private static List<string> ProblemsWithout(string path, SqliteConnection connection, CancellationToken cancellationToken)
    {
        using SqliteConnection structure = Open(path);
        using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(structure, cancellationToken);
        StandIns.AddCollations(structure);
        List<string> problems = StandIns.RunWithFunctions(structure, () => ProblemsOf(structure, $"PRAGMA quick_check({int.MaxValue})"));
        foreach (SqliteTable table in SqliteSchema.Read(connection).RowTables)
        {
            try
            {
                problems.AddRange(ProblemsOf(connection, $"PRAGMA integrity_check({SqlName.Quote(table.Name.Name)})"));
            }
            catch (SqliteException failure) when (StandIns.IsMissing(failure))
            {
                // Its indexes can be compared only by their application.
            }
        }

        return [.. problems.Distinct().Take(MostProblems)];
    }

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = DatabaseCheck.OpenForChecks(path);
        try
        {
            SqliteSession.Execute(connection, "PRAGMA ignore_check_constraints = ON");

            // Without their modules virtual tables are not asked.
            SqliteSession.Check(connection.Handle!, SqliteLibrary.DropModules(connection.Handle!.DangerousGetHandle(), 0));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static List<string> ProblemsOf(SqliteConnection connection, string pragma)
    {
        List<string> problems = [];
        using SQLitePCL.sqlite3_stmt statement = SqliteSession.Prepare(connection.Handle!, pragma);
        while (problems.Count < MostProblems && SqliteSession.Step(connection.Handle!, statement))
        {
            string line = SQLitePCL.raw.sqlite3_column_text(statement, 0).utf8_to_string() ?? "";
            if (line != "ok" && !OfTheDeclaration().IsMatch(line))
            {
                problems.Add(line);
            }
        }

        return problems;
    }

    // pragma.c, PragTyp_INTEGRITY_CHECK: what it says of rows that their table's declaration would not let in.
    [GeneratedRegex(@"\A(?:(?:NULL|NUMERIC|TEXT|non-[A-Z]+) value in |CHECK constraint failed in )", RegexOptions.CultureInvariant)]
    private static partial Regex OfTheDeclaration();
}
