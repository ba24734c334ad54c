using System.Text;
using System.Text.Json.Nodes;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>What docs/format.md says of PostgreSQL is what a real server and the engine write.</summary>
public sealed class FormatDocumentTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private static readonly Document Parts = Document.Read("docs/format.md").Section("## Parts of a PostgreSQL backup");
    private static readonly Document Example = Parts.Section("### A worked PostgreSQL example");

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-docs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_parts_and_hashes_of_the_example_are_what_is_written()
    {
        string[] sql = Example.Frames("sql");
        await shared.Server.RunAsync("postgres", "CREATE DATABASE sample TEMPLATE template0");
        await shared.Server.RunAsync("sample", sql[0]);

        MemoryBackup backup = await MemoryBackup.MakeAsync(
            new PostgreSqlEngine(),
            shared.Server.AddressOf("sample"),
            new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, _folder, 64 << 20, TimeSpan.FromSeconds(10)));

        string plain = Encoding.UTF8.GetString(backup.Plain);
        Assert.Contains(AfterFirstLine(sql[1]), plain, StringComparison.Ordinal); // the first line has numbers of the dump's own
        Assert.Contains($"\n{sql[2]}\n\n-- ai-shell", plain, StringComparison.Ordinal);
        string[] rows = sql[2].Split('\n')[1..^1];
        Assert.Equal(Example.Rows().Select(row => Document.Codes(row[1])[0]), rows.Select(row => TableFingerprint.Empty.Add(Encoding.UTF8.GetBytes(row)).ToHex()));
        string sum = backup.Contents.Tables.Single().Fingerprint.ToHex();
        Assert.Equal(sum, rows.Aggregate(TableFingerprint.Empty, (all, row) => all.Add(Encoding.UTF8.GetBytes(row))).ToHex());
        Assert.Contains($"The table's fingerprint: `{sum}`", Example.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackupFormat.Json, "json")]
    [InlineData(BackupFormat.Csv, "csv")]
    public async Task The_same_rows_in_the_other_formats_are_what_is_written(BackupFormat format, string frame)
    {
        (MemoryBackup backup, string[] parts) = await MakeAsync($"sample {frame}", Example.Frames("sql")[0], format);
        Assert.Equal(InLines(Example.Frames(frame).Single(), format), parts[1]);
        Assert.Contains($"The table's fingerprint: `{backup.Contents.Tables.Single().Fingerprint.ToHex()}`", Example.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_objects_are_written_as_the_document_says()
    {
        Document section = Parts.Section("### Large objects");
        string[] sql = section.Frames("sql");
        (MemoryBackup backup, string[] parts) = await MakeAsync("large", sql[0], BackupFormat.Sql);
        Assert.Equal("pg_catalog.pg_largeobject", backup.Contents.Tables.Single().Table.ToString());
        Assert.Contains($"\n{sql[1]}\n-- ai-shell", parts[0], StringComparison.Ordinal);
        Assert.EndsWith($"\n{sql[2]}\n", parts[0], StringComparison.Ordinal);
        Assert.Equal($"{sql[3]}\n\n", parts[1]);
        foreach ((BackupFormat format, string frame) in (IEnumerable<(BackupFormat, string)>)[(BackupFormat.Json, "json"), (BackupFormat.Csv, "csv")])
        {
            (_, parts) = await MakeAsync($"large {frame}", sql[0], format);
            Assert.Equal(InLines(section.Frames(frame).Single(), format), parts[1]);
        }
    }

    [Fact]
    public async Task The_script_of_the_server_is_as_the_document_says()
    {
        await shared.Server.RunAsync("postgres", "CREATE ROLE reader LOGIN");
        Document section = Parts.Section("### The server's roles and tablespaces");

        MemoryBackup backup = await MemoryBackup.MakeAsync(
            new PostgreSqlEngine(),
            shared.Server.AddressOf("postgres"),
            new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, _folder, 64 << 20, TimeSpan.FromSeconds(10)) { WithGlobals = true });

        Assert.Equal(PartPhase.Globals, backup.Contents.Parts[0].Phase);
        Assert.Contains($"\n{section.Frames("sql")[0]}\n", Encoding.UTF8.GetString(backup.Plain), StringComparison.Ordinal);
        Assert.Equal(section.Frames("json")[0], System.Text.Json.JsonSerializer.Serialize(backup.Contents.Globals));
    }

    [Fact]
    public void Every_key_of_an_objects_header_is_explained_and_none_else()
    {
        ScriptEntryHeader header = new(1, "TABLE", "public", "sample", [], [], 0, 0, "someone");
        IEnumerable<string> keys = JsonNode.Parse(header.ToLine()[ScriptEntryHeader.Mark.Length..])!.AsObject().Select(key => key.Key);
        Assert.Equal(keys, Parts.Rows().Where(row => row[0].StartsWith('`')).Select(row => Document.Codes(row[0])[0]));

        string example = Example.Frames("sql")[1];
        string line = example.Split('\n')[0];
        ScriptEntryHeader read = ScriptEntryHeader.Parse(Encoding.UTF8.GetBytes(line));
        Assert.Equal($"{line}\n", read.ToLine());
        Assert.Equal(Encoding.UTF8.GetByteCount(AfterFirstLine(example)) + 1, read.Bytes + read.OwnerBytes);
    }

    private async Task<(MemoryBackup Backup, string[] Parts)> MakeAsync(string database, string script, BackupFormat format)
    {
        await shared.Server.RunAsync("postgres", $"CREATE DATABASE \"{database}\" TEMPLATE template0");
        await shared.Server.RunAsync(database, script);
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            new PostgreSqlEngine(),
            shared.Server.AddressOf(database),
            new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 1, _folder, 64 << 20, TimeSpan.FromSeconds(10)));
        return (backup, [.. backup.Contents.Parts.Select(part => new StreamReader(backup.OpenPart(part)).ReadToEnd())]);
    }

    /// <summary>A frame as a part has it: in CSV each row ends in CR LF, and a line break within a value is the value's own.</summary>
    private static string InLines(string frame, BackupFormat format) => format == BackupFormat.Csv
        ? string.Concat(frame.Split('\n').Select(line => line.Count(letter => letter == '"') % 2 == 1 && !line.EndsWith(Closing, StringComparison.Ordinal) ? $"{line}\n" : $"{line}\r\n"))
        : $"{frame}\n";

    private const string Closing = ",-Infinity"; // the row that goes on from the line before

    private static string AfterFirstLine(string text) => text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
}
