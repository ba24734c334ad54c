using System.Globalization;
using AiShell.IO;
using Microsoft.Data.Sqlite;

namespace AiShell.Cli.Commands.Demo;

/// <summary>The sample database: a shop with about 100,000 rows, the same in every run.</summary>
internal static class DemoShop
{
    private const int Customers = 8_000;
    private const int Products = 500;
    private const int Orders = 30_000;

    private static readonly string[] FirstNames = ["Ada", "Björn", "Chloé", "Dmitri", "Emeka", "Fatima", "Grace", "Hiroshi", "Ingrid", "José", "Kateřina", "Łukasz", "Mei", "Noor", "Olga", "Þóra"];
    private static readonly string[] LastNames = ["Almeida", "Brown", "Chen", "Dvořák", "Eriksson", "Fischer", "García", "Haddad", "Ito", "Jansen", "Kowalski", "Müller", "Nguyen", "O'Brien", "Petrov", "Şahin"];
    private static readonly string[] Cities = ["Lisbon", "Zürich", "München", "Reykjavík", "São Paulo", "Kraków", "Osaka", "Nairobi"];
    private static readonly string[] Goods = ["Kettle", "Lamp", "Desk", "Chair", "Notebook", "Backpack", "Bicycle bell", "Teapot", "Scarf", "Headphones"];
    private static readonly string[] Kinds = ["small", "large", "red", "blue", "oak", "steel", "travel", "classic"];
    private static readonly string[] States = ["new", "paid", "shipped", "returned"];

    public static void Create(string path)
    {
        SqliteRuntime.EnsureLoaded();
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        Run(connection, "PRAGMA journal_mode = WAL");
        using SqliteTransaction transaction = connection.BeginTransaction();
        Run(connection, Schema);
        // Seeded: every run of the demo shows the same shop.
        var random = new Random(20261123);
        Fill(connection, "INSERT INTO customers VALUES ($0, $1, $2, $3, $4)", Customers, id =>
        [
            id,
            $"{Pick(random, FirstNames)} {Pick(random, LastNames)}",
            $"customer{id}@example.com",
            Pick(random, Cities),
            random.Next(20) == 0 ? null : random.Next(0, 5_000),
        ]);
        Fill(connection, "INSERT INTO products VALUES ($0, $1, $2, $3)", Products, id =>
        [
            id, $"{Pick(random, Goods)}, {Pick(random, Kinds)} ({id})", random.Next(199, 99_999), Photo(random, id),
        ]);
        Fill(connection, "INSERT INTO orders VALUES ($0, $1, $2, $3)", Orders, id =>
        [
            id, random.Next(1, Customers + 1), Moment(random), Pick(random, States),
        ]);
        Fill(connection, "INSERT INTO order_items VALUES ($0, $1, $2, $3, $4)", Orders * 2, item =>
        [
            ((item - 1) / 2) + 1, ((item - 1) % 2) + 1, random.Next(1, Products + 1), random.Next(1, 6), Math.Round(random.NextDouble() * 500, 2),
        ]);
        transaction.Commit();
    }

    public static void Damage(string path)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        Run(connection, "PRAGMA foreign_keys = OFF; DELETE FROM orders WHERE id % 3 = 0; UPDATE customers SET email = 'oops' || id; DROP TABLE order_items;");
    }

    private const string Schema =
        """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, city TEXT, points INTEGER);
        CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT NOT NULL, price_cents INTEGER NOT NULL CHECK (price_cents > 0), photo BLOB);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, placed_at TEXT NOT NULL, state TEXT NOT NULL);
        CREATE TABLE order_items (
            order_id INTEGER NOT NULL REFERENCES orders, line INTEGER NOT NULL, product_id INTEGER NOT NULL REFERENCES products,
            quantity INTEGER NOT NULL, discount REAL, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
        CREATE INDEX orders_by_customer ON orders (customer_id);
        CREATE VIEW open_orders AS SELECT o.id, c.name, o.placed_at FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.state = 'new';
        """;

    private static void Fill(SqliteConnection connection, string sql, int rows, Func<int, object?[]> row)
    {
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = sql;
        for (int id = 1; id <= rows; id++)
        {
            insert.Parameters.Clear();
            foreach ((int at, object? value) in row(id).Index())
            {
                insert.Parameters.AddWithValue($"${at}", value ?? DBNull.Value);
            }

            insert.ExecuteNonQuery();
        }
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    private static string Moment(Random random) =>
        new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(random.Next(0, 365 * 86_400)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static byte[]? Photo(Random random, int id)
    {
        if (id % 10 == 0)
        {
            return null;
        }

        byte[] photo = new byte[200];
        random.NextBytes(photo);
        return photo;
    }
}
