using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Testing.Engines;
using Microsoft.Data.Sqlite;

namespace AiShell.CodecBench;

/// <summary>What a backup would compress: the bytes that the SQLite engine writes, in each of its forms.</summary>
internal sealed record PlainPart(string Title, byte[] Bytes)
{
    public static async Task<IReadOnlyList<PlainPart>> MakeAllAsync(string folder, int longestBytes)
    {
        string chinook = Path.Combine(AppContext.BaseDirectory, "Data", "chinook.sqlite");
        string shop = Path.Combine(folder, "shop.db");
        MakeShop(shop, rows: longestBytes / 128);
        return
        [
            await MakeAsync("shop, SQL text", shop, BackupFormat.Sql, folder, longestBytes),
            await MakeAsync("shop, JSON lines", shop, BackupFormat.Json, folder, longestBytes),
            await MakeAsync("shop, page images", shop, BackupFormat.Native, folder, longestBytes),
            await MakeAsync("Chinook, SQL text", chinook, BackupFormat.Sql, folder, longestBytes),
            await MakeAsync("Chinook, page images", chinook, BackupFormat.Native, folder, longestBytes),
        ];
    }

    private static async Task<PlainPart> MakeAsync(string title, string database, BackupFormat format, string folder, int longestBytes)
    {
        var options = new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, Workers: 1, folder, PartBytes: 64 * 1024 * 1024, TimeSpan.FromSeconds(5));
        MemoryBackup backup = await MemoryBackup.MakeAsync(new SqliteEngine(), DatabaseAddress.OfFile(database), options);
        byte[] plain = backup.Plain;
        return new PlainPart(title, plain[..Math.Min(plain.Length, longestBytes)]);
    }

    /// <summary>Orders as shops have them: ascending ids, few names, many numbers, free text, and a token of random digits.</summary>
    private static void MakeShop(string path, int rows)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand create = connection.CreateCommand();
        create.CommandText = "CREATE TABLE orders(id INTEGER PRIMARY KEY, customer TEXT, placed TEXT, total REAL, state TEXT, token TEXT, note TEXT)";
        create.ExecuteNonQuery();
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO orders VALUES ($0, $1, $2, $3, $4, $5, $6)";
        SqliteParameter[] values = [.. Enumerable.Range(0, 7).Select(column => insert.Parameters.AddWithValue($"${column}", DBNull.Value))];
        foreach (object[] row in Rows(rows))
        {
            for (int column = 0; column < row.Length; column++)
            {
                values[column].Value = row[column];
            }

            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static IEnumerable<object[]> Rows(int count)
    {
        string[] words = [.. "the a of to and order please deliver before noon gift wrap without receipt ring twice neighbour if nobody is at home leave it by blue door thank you very much".Split(' ')];
        string[] states = ["new", "paid", "shipped", "returned"];
        var random = new Random(20261124);
        var start = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int id = 1; id <= count; id++)
        {
            start = start.AddSeconds(random.Next(1, 4000));
            yield return
            [
                id,
                $"customer-{random.Next(5000)}@example.com",
                start.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture),
                Math.Round(random.NextDouble() * 500, 2),
                states[random.Next(states.Length)],
                random.NextInt64().ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
                random.Next(3) > 0 ? DBNull.Value : string.Join(' ', random.GetItems(words, random.Next(3, 20))),
            ];
        }
    }
}
