using Microsoft.Data.Sqlite;

namespace AiShell.EndToEndTests;

/// <summary>
/// Transactions numbered in the order of their commits, each a function of its number: so the database after any number of them can be made again.
/// Every one says when its commit was asked for and when it was answered.
/// </summary>
internal sealed class SqliteJournal(string path)
{
    private const int LargeBytes = 500_000;
    private readonly Lock _appending = new();
    private readonly SortedDictionary<int, Entry> _entries = [];

    /// <summary>The committed transactions, by number from 1.</summary>
    public IReadOnlyList<Entry> Entries
    {
        get
        {
            lock (_appending)
            {
                return [.. _entries.Values];
            }
        }
    }

    internal sealed record Entry(int Number, DateTimeOffset Asked, DateTimeOffset Answered);

    /// <summary>Makes the database, which has no transaction yet.</summary>
    public static void Create(string path)
    {
        using SqliteConnection connection = Open(path);
        Execute(connection, "PRAGMA journal_mode = wal");
        Execute(connection, "CREATE TABLE journal(number INTEGER PRIMARY KEY)");
        Execute(connection, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, content BLOB)");
        Execute(connection, "CREATE INDEX item_by_name ON item(name)");
    }

    /// <summary>A reader: until it is disposed, nobody begins the database's log anew.</summary>
    public SqliteConnection Hold()
    {
        SqliteConnection connection = Open(path);
        Execute(connection, "BEGIN");
        Scalar(connection, "SELECT count(*) FROM journal");
        return connection;
    }

    /// <summary>Commits without a pause or with one, and rolls back now and then, until stopped. Several may run at once.</summary>
    public void Write(int seed, CancellationToken stop)
    {
        Random random = new(seed);
        using SqliteConnection connection = Open(path);
        while (!stop.IsCancellationRequested)
        {
            if (random.Next(10) == 0)
            {
                Execute(connection, "BEGIN IMMEDIATE");
                Apply(connection, random.Next(1, 1_000_000) * 20);
                Execute(connection, "ROLLBACK");
            }

            Execute(connection, "BEGIN IMMEDIATE");
            int number = (int)(long)Scalar(connection, "SELECT coalesce(max(number), 0) + 1 FROM journal");
            Apply(connection, number);
            DateTimeOffset asked = TimeProvider.System.GetUtcNow();
            Execute(connection, "COMMIT");
            DateTimeOffset answered = TimeProvider.System.GetUtcNow();
            lock (_appending)
            {
                _entries.Add(number, new Entry(number, asked, answered));
            }

            // Bursts of some that follow each other at once, then a rest.
            if (random.Next(4) == 0)
            {
                stop.WaitHandle.WaitOne(random.Next(60));
            }
        }
    }

    /// <summary>Brings a database that has the transactions up to <paramref name="after"/> to <paramref name="number"/>.</summary>
    public static void Replay(string path, int after, int number)
    {
        using SqliteConnection connection = Open(path);
        Execute(connection, "BEGIN");
        for (int i = after + 1; i <= number; i++)
        {
            Apply(connection, i);
        }

        Execute(connection, "COMMIT");
    }

    private static void Apply(SqliteConnection connection, int number)
    {
        Random random = new(number);
        Execute(connection, "INSERT INTO journal VALUES($number)", ("$number", number));
        switch (number % 20)
        {
            case 0:
                Execute(connection, $"CREATE TABLE IF NOT EXISTS extra_{number / 20 % 7}(number INTEGER, content TEXT)");
                Execute(connection, $"INSERT INTO extra_{number / 20 % 7} VALUES($number, 'x')", ("$number", number));
                break;
            case 7:
                Execute(connection, $"DROP TABLE IF EXISTS extra_{number / 20 % 7}");
                break;
            case 13:
                Execute(connection, "INSERT INTO item(name, content) VALUES($name, $content)", ("$name", $"large {number}"), ("$content", Bytes(random, LargeBytes)));
                break;
            case 3 or 11:
                Execute(connection, "DELETE FROM item WHERE id % 9 = $rest", ("$rest", number % 9));
                break;
            case 5 or 9 or 17:
                Execute(connection, "UPDATE item SET name = name || $number, content = $content WHERE id % 11 = $rest", ("$number", number), ("$content", Bytes(random, 300)), ("$rest", number % 11));
                break;
            default:
                for (int row = random.Next(1, 6); row > 0; row--)
                {
                    Execute(connection, "INSERT INTO item(name, content) VALUES($name, $content)", ("$name", $"{number}-{row}"), ("$content", Bytes(random, random.Next(3000))));
                }

                break;
        }
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 60 }.ConnectionString);
        connection.Open();
        Execute(connection, "PRAGMA busy_timeout = 60000");
        Execute(connection, "PRAGMA synchronous = normal");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql, params (string Name, object Value)[] values)
    {
        using SqliteCommand command = Command(connection, sql, values);
        command.ExecuteNonQuery();
    }

    private static object Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = Command(connection, sql, []);
        return command.ExecuteScalar()!;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, (string Name, object Value)[] values)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The test's own statements.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
