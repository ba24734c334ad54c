using System.Runtime.InteropServices;
using System.Text;
using AiShell.Engines;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>A backup held in memory: what the plan writes, and what the loader and the reader make of it.</summary>
internal sealed class RowBackup
{
    public required BackupContents Contents { get; init; }

    public required List<byte[]> Parts { get; init; }

    public required RowSnapshotPlan Plan { get; init; }

    public string Script => Encoding.UTF8.GetString([.. Parts.SelectMany(part => part)]);

    public static async Task<RowBackup> Take(
        SqliteConnection source, BackupFormat format, BackupScope scope = BackupScope.All, TableFilter? filter = null, long partBytes = 1 << 20, int workers = 2)
    {
        SnapshotOptions options = new(format, scope, filter ?? TableFilter.Everything, workers, "", partBytes, TimeSpan.Zero);
        RowSnapshotPlan plan = RowSnapshotPlan.Create(source, PagesOf(source), options);
        using MemorySink sink = new(partBytes);
        List<TableDigest> digests = [];
        List<BackupPart> parts = [];
        foreach (SnapshotStep step in plan.Steps)
        {
            digests.AddRange(await plan.WriteAsync(source, PagesOf(source), step, sink, default));
            foreach ((long rows, byte[] bytes) in sink.Parts[parts.Count..])
            {
                parts.Add(new BackupPart(parts.Count, step.Phase, step.Table, step.Extension, rows, bytes.Length, 0));
            }
        }

        TableDigest[] tables = [.. digests.GroupBy(digest => digest.Table).Select(group =>
            new TableDigest(group.Key, group.Aggregate(TableFingerprint.Empty, (sum, digest) => sum.Add(digest.Fingerprint))))];
        return new RowBackup
        {
            Contents = new BackupContents("sqlite", "3", format, scope, parts, tables),
            Parts = [.. sink.Parts.Select(part => part.Bytes)],
            Plan = plan,
        };
    }

    public async Task LoadInto(SqliteConnection target)
    {
        RowLoader loader = new(target);
        foreach (BackupPart part in Contents.Parts)
        {
            using MemoryStream stream = new(Parts[part.Index]);
            await loader.LoadAsync(part, stream, default);
        }
    }

    public async Task<ReaderResult> Read(int sampleRows = 0)
    {
        await using RowBackupReader reader = new(Contents, new ReaderOptions(2, sampleRows, ""));
        foreach (BackupPart part in Contents.Parts.Reverse())
        {
            using MemoryStream stream = new(Parts[part.Index]);
            await reader.ReadAsync(part, stream, default);
        }

        return await reader.CompleteAsync(default);
    }

    /// <summary>Fingerprints by table, in one text that differs where they differ.</summary>
    public static string Describe(IEnumerable<TableDigest> digests) => string.Join(
        '\n', digests.OrderBy(digest => digest.Table).Select(digest => $"{digest.Table} {digest.Fingerprint.Rows} {digest.Fingerprint.ToHex()}"));

    public static string Describe(SqliteConnection database)
    {
        SqliteSchema schema = SqliteSchema.Read(database);
        return Describe(schema.RowTables.Select(table => new TableDigest(table.Name, TestDatabase.Digest(database, schema, table))));
    }

    /// <summary>All of sqlite_schema but root pages and order, SQLite's own tables with their rows, and the settings.</summary>
    public static string DescribeSchema(SqliteConnection database)
    {
        StringBuilder text = new();
        foreach (string sql in (string[])["SELECT quote(type), quote(name), quote(tbl_name), quote(sql) FROM sqlite_master ORDER BY type, name", .. SystemTables(database)])
        {
            using SqliteCommand command = database.CreateCommand();
            command.CommandText = sql;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                text.AppendJoin('|', Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)).Append('\n');
            }
        }

        foreach (string pragma in (string[])["encoding", "page_size", "auto_vacuum", "user_version", "application_id"])
        {
            text.Append(pragma).Append('=').Append(TestDatabase.Scalar(database, $"PRAGMA {pragma}")).Append('\n');
        }

        return text.ToString();
    }

    private static IEnumerable<string> SystemTables(SqliteConnection database) =>
        SqliteSchema.Read(database).SystemTables.OrderBy(table => table.Name).Select(table =>
            $"SELECT '{table.Name.Name}', rowid, {string.Join(',', table.Columns.Select(column => $"quote({SqlName.Quote(column.Name)})"))} FROM {SqlName.Quote(table.Name.Name)} ORDER BY rowid");

    /// <summary>As the pinned view does, zeros beyond the end.</summary>
    public static PageReader PagesOf(SqliteConnection database)
    {
        nint image = raw.sqlite3_serialize(database.Handle, "main", out long size, 0);
        byte[] bytes = new byte[size];
        if (size > 0)
        {
            Marshal.Copy(image, bytes, 0, bytes.Length);
        }

        raw.sqlite3_free(image);
        int pageSize = (int)(long)TestDatabase.Scalar(database, "PRAGMA page_size")!;
        return (page, target) =>
        {
            long start = Math.Min((page - 1L) * pageSize, bytes.Length);
            int count = (int)Math.Min(target.Length, bytes.Length - start);
            bytes.AsSpan((int)start, count).CopyTo(target);
            target[count..].Clear();
        };
    }

    private sealed class MemorySink(long partBytes) : IPartSink, IDisposable
    {
        private readonly MemoryStream _stream = new();

        public List<(long Rows, byte[] Bytes)> Parts { get; } = [];

        public Stream Stream => _stream;

        public bool IsFull => _stream.Length >= partBytes;

        public ValueTask EndPartAsync(long rows, CancellationToken cancellationToken)
        {
            if (_stream.Length > 0)
            {
                Parts.Add((rows, _stream.ToArray()));
                _stream.SetLength(0);
            }

            return ValueTask.CompletedTask;
        }

        public void Dispose() => _stream.Dispose();
    }
}
