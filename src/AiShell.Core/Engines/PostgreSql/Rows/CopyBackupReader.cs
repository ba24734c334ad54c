using System.Collections.Concurrent;
using System.IO.Hashing;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql;

/// <summary>Reads a backup's parts without a server: every entry of the scripts, every row's hash.</summary>
internal sealed class CopyBackupReader(BackupContents contents, ReaderOptions options) : IBackupReader
{
    private readonly ConcurrentDictionary<TableName, TableRows> _tables = new(
        contents.Tables.Select(table => KeyValuePair.Create(table.Table, new TableRows(options.SampleRows))));

    public int Parallelism => options.Workers;

    public Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                if (part.Phase == PartPhase.Data)
                {
                    ReadRows(part, plain, cancellationToken);
                }
                else
                {
                    ReadScript(part, plain, cancellationToken);
                }
            }
            catch (InvalidDataException damage)
            {
                throw PartDamage.Of(part, damage);
            }
        },
        cancellationToken);

    public Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken) => Task.FromResult(new ReaderResult(
        [.. _tables.Select(table => new TableDigest(table.Key, table.Value.Fingerprint)).OrderBy(digest => digest.Table)],
        [.. _tables.SelectMany(table => table.Value.Sample.Rows.Select(row => new SampledRow(table.Key, row)))]));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void ReadScript(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        bool first = true;
        foreach (ScriptEntry entry in ScriptReader.Read(plain))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (first && part.Phase == PartPhase.PreData)
            {
                DatabaseEntry.Parse(entry.Sql);
            }

            first = false;
        }

        if (first && part.Phase == PartPhase.PreData)
        {
            throw new InvalidDataException("it is empty");
        }
    }

    private void ReadRows(BackupPart part, Stream plain, CancellationToken cancellationToken)
    {
        RowSample sample = new(options.SampleRows);
        long count = 0;
        UInt128 sum = 0;
        CopyPart rows = new(part, plain);
        rows.ReadHeader();
        rows.ReadRows(lines =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (!lines.IsEmpty)
            {
                int end = lines.IndexOf((byte)'\n');
                ReadOnlySpan<byte> row = lines[..end];
                sum = unchecked(sum + XxHash128.HashToUInt128(row));
                count++;
                sample.Offer(row);
                lines = lines[(end + 1)..];
            }
        });
        if (count != part.Rows)
        {
            throw new InvalidDataException($"it has {count:N0} rows instead of {part.Rows:N0}");
        }

        TableRows table = _tables.GetOrAdd(part.Table!, _ => new TableRows(options.SampleRows));
        lock (table)
        {
            table.Fingerprint = table.Fingerprint.Add(new TableFingerprint(count, sum));
            table.Sample.Merge(sample);
        }
    }

    private sealed class TableRows(int sampleRows)
    {
        public TableFingerprint Fingerprint { get; set; }

        public RowSample Sample { get; } = new(sampleRows);
    }
}

/// <summary>The error for a part that is not what it should be.</summary>
internal static class PartDamage
{
    public static AiShellException Of(BackupPart part, Exception damage) => new(
        ErrorKind.Integrity,
        $"The backup is damaged: part {part.Index + 1}{(part.Table is null ? "" : $" (rows of '{part.Table}')")}: {damage.Message}.",
        "Use another backup ('ai-shell backup list').",
        damage);
}
