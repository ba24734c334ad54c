using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

/// <summary>What docs/format.md says of MySQL is what a real server and the engine write.</summary>
public sealed class FormatDocumentTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IDisposable
{
    private const string Created = ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;";

    private static readonly Document Parts = Document.Read("docs/format.md").Section("## Parts of a MySQL backup");
    private static readonly Document Example = Parts.Section("### A worked MySQL example");

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-docs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_parts_and_hashes_of_the_example_are_what_is_written()
    {
        string[] sql = Example.Frames("sql");
        Assert.EndsWith(Created, sql[1], StringComparison.Ordinal);

        (MemoryBackup backup, string[] parts) = await MakeAsync(BackupFormat.Sql);

        Assert.EndsWith($"\n{sql[1]}\n", parts[0], StringComparison.Ordinal);
        Assert.Equal($"{sql[2]}\n", parts[1]);
        Assert.Equal($"{sql[3]}\n", parts[2]);
        byte[][] rows = [.. sql[2].Split('\n')[1..].Select(row => Encoding.UTF8.GetBytes(row[..^1]))];
        Assert.Equal(Example.Rows().Select(row => Document.Codes(row[1])[0]), rows.Select(row => TableFingerprint.Empty.Add(row).ToHex()));
        string sum = backup.Contents.Tables.Single().Fingerprint.ToHex();
        Assert.Equal(sum, rows.Aggregate(TableFingerprint.Empty, (all, row) => all.Add(row)).ToHex());
        Assert.Contains($"The table's fingerprint: `{sum}`", Example.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackupFormat.Json, "json")]
    [InlineData(BackupFormat.Csv, "csv")]
    public async Task The_same_rows_in_the_other_formats_are_what_is_written(BackupFormat format, string frame)
    {
        (MemoryBackup backup, string[] parts) = await MakeAsync(format);

        string text = $"{Example.Frames(frame).Single()}\n";
        if (format == BackupFormat.Csv)
        {
            text = text.Replace("\n", "\r\n", StringComparison.Ordinal).Replace("it's\r\n", "it's\n", StringComparison.Ordinal); // which is within a value
        }

        Assert.Equal(text, parts[1]);
        Assert.Contains($"The table's fingerprint: `{backup.Contents.Tables.Single().Fingerprint.ToHex()}`", Example.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_object_is_explained_and_none_else()
    {
        string[] kinds =
        [
            DatabaseEntry.Kind, SchemaScript.Sequence, SchemaScript.Table, SchemaScript.SequenceSet, SchemaScript.Keys, SchemaScript.ForeignKey, SourceObjects.Library, SourceObjects.Package,
            SourceObjects.Function, SourceObjects.Procedure, SourceObjects.PackageBody, SourceObjects.View, SourceObjects.Trigger, SourceObjects.Event, DatabaseGrant.EntryKind,
        ];
        Assert.Equal(kinds, Parts.Rows().SelectMany(row => Document.Codes(row[0])).Where(code => !code.Any(char.IsAsciiLetterLower) && code.Length > 3).Take(kinds.Length));
    }

    private async Task<(MemoryBackup Backup, string[] Parts)> MakeAsync(BackupFormat format)
    {
        string database = $"sample_{format}";
        await shared.Server.RunAsync("", $"CREATE DATABASE {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
        await shared.Server.RunAsync(database, Example.Frames("sql")[0]);
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            new MySqlEngine(),
            shared.Server.AddressOf(database),
            new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 1, _folder, 64 << 20, TimeSpan.FromSeconds(10)));
        return (backup, [.. backup.Contents.Parts.Select(part => new StreamReader(backup.OpenPart(part)).ReadToEnd())]);
    }
}
