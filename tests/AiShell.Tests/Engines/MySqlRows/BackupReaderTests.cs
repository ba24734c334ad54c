using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Tests.Engines.MySqlRows;

/// <summary>What deep verification sees in parts that are not those that were written.</summary>
public class BackupReaderTests
{
    private static readonly TableName Table = new("", "t");

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public async Task Rows_of_several_parts_are_counted_fingerprinted_and_sampled(BackupFormat format)
    {
        ReaderResult result = await ReadAsync(Good(format));

        TableFingerprint expected = Enumerable.Range(1, 5).Aggregate(TableFingerprint.Empty, (sum, id) => sum.Add(Encoding.UTF8.GetBytes($"({id})")));
        Assert.Equal([new TableDigest(Table, expected)], result.Tables);
        Assert.Equal(3, result.Sample.Count);
        Assert.All(result.Sample, row => Assert.Matches(@"^\([1-5]\)$", Encoding.UTF8.GetString(row.Canonical.Span)));
    }

    [Fact]
    public async Task A_part_with_another_count_other_columns_or_another_kind_of_content_is_damage()
    {
        foreach (BackupFormat format in (BackupFormat[])[BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv])
        {
            List<(BackupPart Part, byte[] Plain)> parts = Good(format);
            await AssertDamageAsync(With(parts, 1, part => part with { Rows = 3 }), "2 rows instead of 3");
            await AssertDamageAsync(With(parts, 1, plain: Rows(format, "other", 1, 2)), "other columns");
            await AssertDamageAsync(With(parts, 1, plain: parts[0].Plain), "part 2");
            await AssertDamageAsync(With(parts, 0, plain: parts[1].Plain), "part 1");
            await AssertDamageAsync(With(parts, 1, plain: []), "it is empty");
            await AssertDamageAsync(With(parts, 1, part => part with { Extension = "db" }), "'db' is not known");
        }
    }

    [Fact]
    public async Task A_schema_that_is_missing_or_there_twice_is_damage()
    {
        List<(BackupPart Part, byte[] Plain)> parts = Good(BackupFormat.Sql);
        await AssertDamageAsync(parts[1..], "schema is missing");
        await AssertDamageAsync([parts[0], .. parts], "twice");
        await AssertDamageAsync([.. parts, parts[^1]], "twice");
        await AssertDamageAsync(With(parts, 0, plain: []), "it is empty");
        await AssertDamageAsync(With(parts, 3, plain: Script(3, (0, "DATABASE", "database"))), "begin");
        await AssertDamageAsync(With(parts, 0, plain: Script(3, (0, "DATABASE", "database"), (1, "TABLE", "other"))), "its schema does not make it");
        await AssertDamageAsync(With(parts, 0, plain: Script(3, (0, "DATABASE", "database"))), "schema is missing"); // an entry of it
        await AssertDamageAsync(parts[..^1], "schema is missing"); // its last part
    }

    [Fact]
    public async Task Rows_alone_need_no_table_in_the_schema()
    {
        List<(BackupPart Part, byte[] Plain)> parts = Good(BackupFormat.Sql);
        parts = With(parts[..3], 0, plain: Script(1, (0, "DATABASE", "database")));
        Assert.Single((await ReadAsync(parts, BackupScope.DataOnly)).Tables);
    }

    private static List<(BackupPart Part, byte[] Plain)> Good(BackupFormat format) =>
    [
        (Part(PartPhase.PreData, null, "sql", 0), Script(3, (0, "DATABASE", "database"), (1, "TABLE", "t"))),
        (Part(PartPhase.Data, Table, RowFormats.ExtensionOf(format), 2), Rows(format, "id", 1, 2)),
        (Part(PartPhase.Data, Table, RowFormats.ExtensionOf(format), 3), Rows(format, "id", 3, 4, 5)),
        (Part(PartPhase.PostData, null, "sql", 0), Script(0, (2, "KEYS", "t"))),
    ];

    private static List<(BackupPart Part, byte[] Plain)> With(List<(BackupPart Part, byte[] Plain)> parts, int index, Func<BackupPart, BackupPart>? part = null, byte[]? plain = null) =>
        [.. parts.Select((old, place) => place != index ? old : (part is null ? old.Part : part(old.Part), plain ?? old.Plain))];

    private static BackupPart Part(PartPhase phase, TableName? table, string extension, long rows) => new(0, phase, table, extension, rows, 0, 0);

    private static byte[] Script(int count, params (int Id, string Kind, string Name)[] entries)
    {
        using MemoryStream script = new();
        foreach ((int id, string kind, string name) in entries)
        {
            string sql = kind == DatabaseEntry.Kind ? DatabaseEntry.ToSql(new DatabaseProperties("utf8mb4", "utf8mb4_bin", "10.11", "") { Entries = count }, withSchema: true) : "SELECT 1;\n";
            ScriptEntry.Create(id, kind, "", name, sql).WriteTo(script);
        }

        return script.ToArray();
    }

    private static byte[] Rows(BackupFormat format, string column, params int[] ids)
    {
        IRowWriter writer = RowFormats.CreateWriter(format, new SourceTable(Table, [new SourceColumn(column, "int(11)", null)], [], "InnoDB", 0, 0));
        using MemoryStream part = new();
        writer.Begin(part);
        foreach (int id in ids)
        {
            writer.BeginRow();
            writer.Number(Encoding.ASCII.GetBytes(id.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            writer.EndRow();
        }

        writer.End();
        return part.ToArray();
    }

    private static async Task<ReaderResult> ReadAsync(List<(BackupPart Part, byte[] Plain)> parts, BackupScope scope = BackupScope.All)
    {
        BackupPart[] numbered = [.. parts.Select((part, index) => part.Part with { Index = index })];
        BackupContents contents = new("mysql", "10.11", BackupFormat.Sql, scope, numbered, [new TableDigest(Table, TableFingerprint.Empty)]);
        await using MySqlBackupReader reader = new(contents, new ReaderOptions(2, 3, Path.GetTempPath()));
        foreach ((BackupPart part, byte[] plain) in numbered.Zip(parts.Select(part => part.Plain)))
        {
            await reader.ReadAsync(part, new MemoryStream(plain), default);
        }

        return await reader.CompleteAsync(default);
    }

    private static async Task AssertDamageAsync(List<(BackupPart Part, byte[] Plain)> parts, string named)
    {
        AiShellException damage = await Assert.ThrowsAsync<AiShellException>(() => ReadAsync(parts));
        Assert.Equal(ErrorKind.Integrity, damage.Kind);
        Assert.Contains(named, damage.Message, StringComparison.Ordinal);
    }
}
