using AiShell.Engines;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>Backs a database up in every row format, restores it and compares everything.</summary>
internal static class RoundTrip
{
    public static readonly BackupFormat[] Formats = [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv];

    public static async Task Check(SqliteConnection source, long partBytes = 1 << 20, int workers = 2, bool shell = true)
    {
        string rows = RowBackup.Describe(source);
        string schema = RowBackup.DescribeSchema(source);
        object? integrity = TestDatabase.Scalar(source, "PRAGMA integrity_check");
        foreach (BackupFormat format in Formats)
        {
            RowBackup backup = await RowBackup.Take(source, format, partBytes: partBytes, workers: workers);
            Assert.Equal(rows, RowBackup.Describe(backup.Contents.Tables));
            Assert.Equal(rows, RowBackup.Describe((await backup.Read()).Tables));
            string path = Path.Combine(Path.GetTempPath(), $"ai-shell-{Guid.NewGuid():N}.db");
            try
            {
                using (SqliteConnection target = TestDatabase.Open(path))
                {
                    await backup.LoadInto(target);
                }

                Compare(path, rows, schema, integrity);
                if (format == BackupFormat.Sql && shell)
                {
                    File.Delete(path);
                    await StockShell.Restore(path, [.. backup.Parts.SelectMany(part => part)]);
                    Compare(path, rows, schema, integrity);
                }
            }
            finally
            {
                File.Delete(path);
                File.Delete(path + "-wal");
                File.Delete(path + "-shm");
            }
        }
    }

    private static void Compare(string path, string rows, string schema, object? integrity)
    {
        using SqliteConnection restored = TestDatabase.Open(path);
        Assert.Equal(rows, RowBackup.Describe(restored));
        Assert.Equal(schema, RowBackup.DescribeSchema(restored));
        Assert.Equal(integrity, TestDatabase.Scalar(restored, "PRAGMA integrity_check"));
    }
}
