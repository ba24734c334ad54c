using System.Globalization;
using System.Text.RegularExpressions;
using MySqlConnector;

namespace AiShell.EndToEndTests;

/// <summary>
/// Transactions numbered in the order of their commits, each a function of its number: so the database after any number of them can be made again. Every one says when its commit was asked
/// for and when it was answered. Definitions have their numbers in comments, which change with them.
/// </summary>
/// <param name="replacesTables">The server has CREATE OR REPLACE TABLE, which MySQL has not.</param>
internal sealed partial class MySqlJournal(Func<string> connection, bool replacesTables)
{
    public const string Schema =
        """
        CREATE TABLE journal(number int PRIMARY KEY);
        CREATE TABLE item(id int PRIMARY KEY, name varchar(200) NOT NULL, price decimal(10,2), f float, content longblob, KEY by_name(name));
        CREATE TABLE audit(number int AUTO_INCREMENT PRIMARY KEY, what varchar(100) NOT NULL);
        CREATE TABLE mark(i int) COMMENT '0';
        CREATE TABLE keyless(a int, b varchar(20));
        CREATE TRIGGER item_added AFTER INSERT ON item FOR EACH ROW INSERT INTO audit(what) VALUES (concat('added ', NEW.id));
        CREATE VIEW cheap AS SELECT id, name FROM item WHERE price < 10;
        """;

    private const int LargeBytes = 300_000;
    private readonly Lock _committing = new();
    private readonly List<Entry> _entries = [];
    private readonly HashSet<int> _leftOut = [];
    private int _last;

    /// <summary>No definition is made: a full backup is, which fails where a table is altered before it is read.</summary>
    public bool HoldsDefinitions { get; set; }

    /// <summary>The committed transactions, by number from 1.</summary>
    public IReadOnlyList<Entry> Entries
    {
        get
        {
            lock (_committing)
            {
                return [.. _entries];
            }
        }
    }

    internal sealed record Entry(int Number, DateTimeOffset Asked, DateTimeOffset Answered);

    /// <summary>Runs something while nobody commits.</summary>
    public void Pause(Action work)
    {
        lock (_committing)
        {
            work();
        }
    }

    /// <summary>Commits without a pause or with one, and rolls back now and then, until stopped. Several may run at once. Other databases change meanwhile, and now and then together with this one.</summary>
    public void Write(int seed, CancellationToken stop)
    {
        Random random = new(seed);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using MySqlConnection session = new(connection());
                session.Open();
                while (!stop.IsCancellationRequested)
                {
                    WriteOne(session, random);
                    if (random.Next(4) == 0)
                    {
                        stop.WaitHandle.WaitOne(random.Next(60));
                    }
                }
            }
            catch (MySqlException) when (!stop.IsCancellationRequested)
            {
                stop.WaitHandle.WaitOne(100); // the server was restarted, between two transactions
            }
        }
    }

    /// <summary>Brings a database that has the transactions up to <paramref name="after"/> to <paramref name="number"/>.</summary>
    public void Replay(MySqlConnection session, int after, int number)
    {
        for (int i = after + 1; i <= number; i++)
        {
            if (_leftOut.Contains(i))
            {
                continue;
            }

            if (IsDefinition(i))
            {
                Execute(session, DefinitionOf(i));
                continue;
            }

            Execute(session, "BEGIN");
            Apply(session, i);
            Execute(session, "COMMIT");
        }
    }

    /// <summary>How many transactions a copy has.</summary>
    public static int NumberOf(MySqlConnection session) => Convert.ToInt32(
        Scalar(session, "SELECT greatest((SELECT coalesce(max(number), 0) FROM journal), (SELECT max(cast(TABLE_COMMENT AS unsigned)) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_COMMENT RLIKE '^[0-9]+$'))"), CultureInfo.InvariantCulture);

    /// <summary>Everything that a database holds, in short.</summary>
    public static string SumOf(MySqlConnection session)
    {
        List<string> sums = [];
        foreach (string table in Column(session, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1", 0))
        {
            sums.Add(Counter().Replace(Column(session, $"SHOW CREATE TABLE `{table}`", 1)[0], ""));
            sums.Add(Column(session, $"CHECKSUM TABLE `{table}` EXTENDED", 1)[0]);
        }

        sums.AddRange(Column(session, "SELECT concat(TABLE_NAME, VIEW_DEFINITION) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1", 0).Select(view => Database().Replace(view, "")));
        sums.AddRange(Column(session, "SELECT concat(TRIGGER_NAME, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1", 0));
        return string.Join('\n', sums);
    }

    private void WriteOne(MySqlConnection session, Random random)
    {
        if (random.Next(10) == 0)
        {
            Execute(session, "BEGIN");
            Execute(session, $"UPDATE keyless SET b = 'rolled back' WHERE a % 5 = {random.Next(5)}");
            Execute(session, "ROLLBACK");
        }

        if (random.Next(3) == 0)
        {
            Execute(session, $"INSERT INTO noise.other(v) VALUES (repeat('n', {random.Next(2000)}))");
        }

        lock (_committing)
        {
            int number = _last + 1;
            while (HoldsDefinitions && IsDefinition(number))
            {
                _leftOut.Add(number++);
            }

            DateTimeOffset asked;
            if (IsDefinition(number))
            {
                asked = TimeProvider.System.GetUtcNow();
                Execute(session, DefinitionOf(number));
            }
            else
            {
                Execute(session, "BEGIN");
                Apply(session, number);
                if (random.Next(5) == 0)
                {
                    Execute(session, "INSERT INTO noise.other(v) VALUES ('with the shop')");
                }

                asked = TimeProvider.System.GetUtcNow();
                Execute(session, "COMMIT");
            }

            _entries.Add(new Entry(number, asked, TimeProvider.System.GetUtcNow()));
            _last = number;
        }
    }

    private static bool IsDefinition(int number) => number % 20 is 0 or 7 or 16;

    private string DefinitionOf(int number) => (number % 20, replacesTables) switch
    {
        (0, true) => $"CREATE OR REPLACE TABLE extra_{number / 20 % 3}(number int, content text DEFAULT 'é') COMMENT '{number}'",
        (0, false) => $"CREATE TABLE extra_{number}(number int, content varchar(100) DEFAULT 'é') COMMENT '{number}'",
        (7, _) => $"ALTER TABLE mark ADD COLUMN c{number} int DEFAULT {number}, COMMENT '{number}'",
        (_, false) => $"CREATE TABLE chosen_{number} COMMENT '{number}' SELECT a, count(*) AS n FROM keyless GROUP BY a ORDER BY a LIMIT 5",
        _ => $"CREATE OR REPLACE TABLE chosen COMMENT '{number}' SELECT a, count(*) AS n FROM keyless GROUP BY a ORDER BY a LIMIT 5",
    };

    private static void Apply(MySqlConnection session, int number)
    {
        Random random = new(number);
        Execute(session, $"INSERT INTO journal VALUES({number})");
        switch (number % 20)
        {
            case 13:
                Execute(session, $"INSERT INTO item VALUES({number * 10}, 'large {number}', 1.5, 0.1, @content)", ("@content", Bytes(random, LargeBytes)));
                break;
            case 3 or 11:
                Execute(session, $"DELETE FROM item WHERE id % 9 = {number % 9}");
                Execute(session, $"DELETE FROM keyless WHERE a % 7 = {number % 7} LIMIT 1");
                break;
            case 5 or 9 or 17:
                Execute(session, $"UPDATE item SET name = left(concat(name, '-{number}'), 200), content = @content, f = f * 1.1 WHERE id % 11 = {number % 11}", ("@content", Bytes(random, 300)));
                break;
            default:
                for (int row = random.Next(1, 6); row > 0; row--)
                {
                    Execute(session, $"INSERT INTO item VALUES({(number * 10) + row}, '{number}-{row} é', {row}.25, {row}.1, @content)", ("@content", Bytes(random, random.Next(3000))));
                }

                Execute(session, $"INSERT INTO keyless VALUES({number}, 'k'), ({number}, NULL)");
                break;
        }
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static void Execute(MySqlConnection session, string sql, params (string Name, object Value)[] values)
    {
        using MySqlCommand command = Command(session, sql, values);
        command.ExecuteNonQuery();
    }

    private static object Scalar(MySqlConnection session, string sql)
    {
        using MySqlCommand command = Command(session, sql, []);
        return command.ExecuteScalar()!;
    }

    private static List<string> Column(MySqlConnection session, string sql, int column)
    {
        using MySqlCommand command = Command(session, sql, []);
        using MySqlDataReader rows = command.ExecuteReader();
        List<string> values = [];
        while (rows.Read())
        {
            values.Add(Convert.ToString(rows.GetValue(column), CultureInfo.InvariantCulture)!);
        }

        return values;
    }

    private static MySqlCommand Command(MySqlConnection session, string sql, (string Name, object Value)[] values)
    {
#pragma warning disable CA2100 // The test's own statements.
        MySqlCommand command = new(sql, session);
#pragma warning restore CA2100
        foreach ((string name, object value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    [GeneratedRegex(" AUTO_INCREMENT=[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Counter();

    [GeneratedRegex("`(shop|model|copy)`\\.", RegexOptions.CultureInvariant)]
    private static partial Regex Database();
}
