using System.Globalization;
using AiShell.Engines.Sqlite;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Data.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>Commits transactions that are numbered in the table <c>journal</c>: one that is lost, torn or there twice shows.</summary>
internal static class NumberedWriter
{
    public static readonly string[] Schema =
    [
        "CREATE TABLE journal(n INTEGER PRIMARY KEY, who TEXT)",
        "CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB)",
        "CREATE INDEX by_content ON item(substr(content, 1, 8))",
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO item(content) SELECT randomblob(500) FROM n",
        "INSERT INTO journal VALUES(1, 'first')",
    ];

    /// <summary>Its cache is small: what it writes, and rolls back, is in the log before it commits.</summary>
    private const string Script = """
        import random, sqlite3, sys, time
        path, commits, timeout, seed, vacuum, quick = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "1", sys.argv[6] == "1"
        unsynced = sys.argv[7] == "1"
        db = sqlite3.connect(path, timeout=timeout, isolation_level=None)
        db.execute("PRAGMA cache_size = 10")
        db.execute("PRAGMA synchronous = " + ("OFF" if unsynced else "NORMAL"))
        r = random.Random(seed)
        done = vacuums = refused = 0
        longest = 0.0
        since = None
        while done < commits:
            start = time.monotonic()
            try:
                kind = 50 if quick else r.randrange(100)
                if kind < 1 and vacuum:
                    db.execute("VACUUM")
                    vacuums += 1
                    continue
                db.execute("BEGIN IMMEDIATE")
                if kind < 8:
                    db.execute("INSERT INTO item(content) SELECT randomblob(2000) FROM item LIMIT 150")
                    db.execute("INSERT INTO journal SELECT max(n) + 1, 'rolled back' FROM journal")
                    db.execute("ROLLBACK")
                    continue
                if kind < 12:
                    db.execute("DROP INDEX IF EXISTS by_content")
                elif kind < 16:
                    db.execute("CREATE INDEX IF NOT EXISTS by_content ON item(substr(content, 1, 8))")
                elif kind < 20:
                    db.execute("INSERT INTO item(content) VALUES(randomblob(?))", (r.randrange(300000),))
                elif kind < 30:
                    db.execute("SAVEPOINT s")
                    db.execute("UPDATE item SET content = randomblob(700)")
                    db.execute("INSERT INTO journal SELECT max(n) + 1, 'savepoint' FROM journal")
                    db.execute("ROLLBACK TO s")
                    db.execute("RELEASE s")
                elif kind < 45:
                    db.execute("DELETE FROM item WHERE id % 3 = ? AND id > 300", (r.randrange(3),))
                else:
                    db.execute("UPDATE item SET content = randomblob(400) WHERE id BETWEEN ? AND ? + 5", (kind + done % 200, kind + done % 200))
                db.execute("INSERT INTO journal SELECT max(n) + 1, 'process' FROM journal")
                db.execute("COMMIT")
                done += 1
                longest = max(longest, time.monotonic() - (since or start))
                since = None
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                refused += 1
                since = since or start
                if db.in_transaction:
                    db.execute("ROLLBACK")
        print(done, vacuums, refused, round(longest * 1000, 1))
        """;

    public sealed record Result(int Commits, int Vacuums, int Refused, double LongestMilliseconds);

    /// <summary>Another process, python's sqlite3.</summary>
    public static async Task<Result> RunAsync(string path, int commits, double busyTimeoutSeconds, int seed = 1, bool vacuum = false, bool quick = false, bool unsynced = false)
    {
        BufferedCommandResult result = await Cli.Wrap("python3")
            .WithArguments(["-c", Script, path, $"{commits}", busyTimeoutSeconds.ToString(CultureInfo.InvariantCulture), $"{seed}", vacuum ? "1" : "0", quick ? "1" : "0", unsynced ? "1" : "0"])
            .ExecuteBufferedAsync();
        string[] fields = result.StandardOutput.Split(' ');
        return new Result(
            int.Parse(fields[0], CultureInfo.InvariantCulture),
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[2], CultureInfo.InvariantCulture),
            double.Parse(fields[3], CultureInfo.InvariantCulture));
    }

    /// <summary>In this process.</summary>
    /// <returns>An instant before each commit and one after it.</returns>
    public static Task<List<(DateTimeOffset Before, DateTimeOffset After)>> RunHereAsync(string path, int commits, TimeSpan pause) => Task.Run(async () =>
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Writer, TimeSpan.FromSeconds(20));
        SqliteSession.Execute(connection, "PRAGMA synchronous = NORMAL");
        List<(DateTimeOffset, DateTimeOffset)> times = [];
        for (int i = 0; i < commits; i++)
        {
            SqliteSession.Execute(connection, "BEGIN IMMEDIATE; INSERT INTO journal SELECT max(n) + 1, 'here' FROM journal");
            DateTimeOffset before = TimeProvider.System.GetUtcNow();
            SqliteSession.Execute(connection, "COMMIT");
            times.Add((before, TimeProvider.System.GetUtcNow()));
            await Task.Delay(pause);
        }

        return times;
    });
}
