using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>A backup whose script is written by hand and whose rows are read from a database.</summary>
internal sealed class HandMadeBackup
{
    private readonly List<byte[]> _parts = [];
    private readonly List<BackupPart> _records = [];
    private readonly List<TableDigest> _tables = [];
    private readonly List<ScriptEntry> _pre = [];
    private readonly List<ScriptEntry> _post = [];
    private int _nextId = 1;

    public HandMadeBackup() =>
        _pre.Add(ScriptEntry.Create(_nextId++, "DATABASE", "", "", "-- database {\"characterSet\":\"latin1\",\"collation\":\"latin1_german1_ci\",\"server\":\"10.11\",\"sqlMode\":\"\"}\nSET NAMES utf8mb4;\n"));

    public BackupContents Contents => new("mysql", "10.11.1-MariaDB", BackupFormat.Sql, BackupScope.All, _records, [.. _tables.OrderBy(table => table.Table)]);

    public int Table(string name, string sql) => Add(_pre, "TABLE", name, sql);

    public int Before(string kind, string name, string sql) => Add(_pre, kind, name, sql);

    public int After(string kind, string name, string sql, params int[] needs) => Add(_post, kind, name, sql, needs);

    /// <summary>Writes the parts, with the rows that the tables of a database have now.</summary>
    public HandMadeBackup Write(DatabaseAddress source, int partsOfEach = 1)
    {
        AddPart(PartPhase.PreData, null, Script(_pre), 0);
        using MySqlSession session = MySqlSession.Open(SettingsReader.Read(source, new ProcessEnvironment()));
        RowSelect.Prepare(session);
        foreach (SourceTable table in ColumnListing.Read(session, source.Database).Where(table => _pre.Exists(entry => entry.Header.Kind == "TABLE" && entry.Header.Name == table.Name.Name)))
        {
            TableFingerprint all = TableFingerprint.Empty;
            for (int part = 0; part < partsOfEach; part++)
            {
                using MemoryStream rows = new();
                IRowWriter writer = RowFormats.CreateWriter(BackupFormat.Sql, table);
                writer.Begin(rows);
                string where = partsOfEach == 1 ? "" : $"WHERE MOD(CRC32({SqlText.Quote(table.Columns[0].Name)}), {partsOfEach}) = {part}";
                new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns, where)), table.Columns).ReadToEnd(writer);
                writer.End();
                all = all.Add(writer.Fingerprint);
                if (rows.Length > 0)
                {
                    AddPart(PartPhase.Data, table.Name, rows.ToArray(), writer.Fingerprint.Rows);
                }
            }

            _tables.Add(new TableDigest(table.Name, all));
        }

        if (_post.Count > 0)
        {
            AddPart(PartPhase.PostData, null, Script(_post), 0);
        }

        return this;
    }

    public Stream Open(BackupPart part) => new MemoryStream(_parts[part.Index], writable: false);

    public async Task LoadAsync(IRestoreTarget target, TableFilter? tables = null)
    {
        foreach (LoadStage stage in target.Arrange([.. _records.Where(part => part.Table is null || tables is null || tables.Takes(part.Table))]))
        {
            await Parallel.ForEachAsync(stage.Runs, new ParallelOptions { MaxDegreeOfParallelism = stage.Parallelism }, async (run, token) =>
            {
                foreach (BackupPart part in run)
                {
                    await target.LoadAsync(part, Open(part), token);
                }
            });
        }
    }

    /// <summary>Restores and promotes; returns where what was replaced is kept.</summary>
    public async Task<string?> RestoreAsync(DatabaseAddress address, TargetOptions options)
    {
        await using IRestoreTarget target = await new MySqlEngine().OpenTargetAsync(address, Contents, options, default);
        await LoadAsync(target, options.Tables);
        Assert.Equal(Contents.Tables.Where(table => options.Tables.Takes(table.Table)), await target.CompleteAsync(fingerprints: true, default));
        await target.PromoteAsync(default);
        return target.KeptAs;
    }

    private int Add(List<ScriptEntry> entries, string kind, string name, string sql, params int[] needs)
    {
        entries.Add(ScriptEntry.Create(_nextId, kind, "", name, sql + "\n", needs));
        return _nextId++;
    }

    private void AddPart(PartPhase phase, TableName? table, byte[] plain, long rows)
    {
        _records.Add(new BackupPart(_records.Count, phase, table, "sql", rows, plain.Length, 0));
        _parts.Add(plain);
    }

    private static byte[] Script(List<ScriptEntry> entries)
    {
        using MemoryStream script = new();
        entries.ForEach(entry => entry.WriteTo(script));
        return script.ToArray();
    }
}
