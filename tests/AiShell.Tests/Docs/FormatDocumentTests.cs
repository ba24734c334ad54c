using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Rows;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Testing.Docs;
using AiShell.Testing.Engines;
using AiShell.Tests.Engines.SqliteRows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Docs;

/// <summary>docs/format.md is what somebody restores by who has nothing else: every example in it is tried.</summary>
public sealed class FormatDocumentTests : IDisposable
{
    private static readonly Document Format = Document.Read("docs/format.md");
    private static readonly Document Example = Format.Section("### A worked example");

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-docs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_manifest_is_one_that_this_program_reads_and_writes()
    {
        string text = Format.Section("## manifest.json").Frames("json")[0];

        Manifest manifest = ManifestJson.Read(Encoding.UTF8.GetBytes(text), "manifest.json");

        Assert.Null(manifest.Unknown);
        Assert.Equal(text, Encoding.UTF8.GetString(ManifestJson.Write(manifest)));
    }

    [Fact]
    public void Every_key_of_a_manifest_is_explained_and_none_else()
    {
        Document section = Format.Section("## manifest.json");
        SortedSet<string> written = new(StringComparer.Ordinal);
        Collect(JsonNode.Parse(section.Frames("json")[0])!.AsObject(), "", written);

        IEnumerable<string> explained = section.Rows().SelectMany(row => Document.Codes(row[0]));

        Assert.Equal(written, explained.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_keys_of_the_repository_and_of_a_lock_are_those_that_are_written()
    {
        string repository = Format.Section("## repository.json").Frames("json")[0];
        RepositoryDescription description = JsonSerializer.Deserialize(repository, RepositoryJson.Compact.RepositoryDescription)!;
        Assert.Equal(repository, JsonSerializer.Serialize(description, RepositoryJson.Readable.RepositoryDescription));
        Assert.Equal(Manifest.CurrentFormatVersion, description.FormatVersion);
        Assert.Equal(
            JsonNode.Parse(repository)!.AsObject().Select(key => key.Key),
            Format.Section("## repository.json").Rows().SelectMany(row => Document.Codes(row[0])));

        string held = Format.Section("## Locks").Frames("json")[0];
        LeaseRecord record = JsonSerializer.Deserialize(held, RepositoryJson.Compact.LeaseRecord)!;
        Assert.Equal(held, JsonSerializer.Serialize(record, RepositoryJson.Readable.LeaseRecord));
        Assert.Equal(TimeSpan.FromMinutes(2), LeaseStore.Duration);
    }

    [Fact]
    public void What_the_log_is_made_of_is_what_is_written()
    {
        string[] frames = [.. Format.Section("## The log").Frames("json")];
        Assert.Equal(frames[0], Rewrite(frames[0], RepositoryJson.Compact.ManifestSegment, RepositoryJson.Readable.ManifestSegment));
        Assert.Equal(frames[1], Rewrite(frames[1], RepositoryJson.Compact.SegmentCommit, RepositoryJson.Compact.SegmentCommit));
        Assert.Equal(frames[2], Rewrite(frames[2], RepositoryJson.Compact.LogHead, RepositoryJson.Readable.LogHead));
        Assert.Equal(frames[3], Rewrite(frames[3], RepositoryJson.Compact.TimelineStart, RepositoryJson.Readable.TimelineStart));
        Assert.Equal(
            JsonNode.Parse(frames[0])!.AsObject().Select(key => key.Key),
            Format.Section("## The log").Rows().SelectMany(row => Document.Codes(row[0])));

        static string Rewrite<T>(string frame, JsonTypeInfo<T> read, JsonTypeInfo<T> write) => JsonSerializer.Serialize(JsonSerializer.Deserialize(frame, read)!, write);
    }

    [Fact]
    public void The_canonical_text_is_what_is_hashed()
    {
        Document section = Format.Section("### The digest");
        using JsonDocument document = JsonDocument.Parse(section.Frames("json")[0]);
        Assert.Equal(section.Frames("")[0], Encoding.UTF8.GetString(CanonicalJson.Write(document.RootElement, withoutKey: "digest")));
    }

    [Fact]
    public void Names_are_encoded_as_the_document_says()
    {
        Document section = Format.Section("### Names");
        string[][] names = [.. section.Rows().Where(row => row.Length == 2)];
        Assert.Equal(5, names.Length);
        Assert.All(names, row => Assert.Equal(Document.Codes(row[1])[0], RepositoryKeys.Encode(Document.Codes(row[0])[0])));

        Assert.True(BackupId.IsValid("backup-20261124054628-em93wm"));
        Assert.Contains("`backup-20261124054628-em93wm`", section.Text, StringComparison.Ordinal);
        string part = RepositoryKeys.PartPath(new SnapshotStep(1, PartPhase.Data, "order items", "sql", null, 0), 1, CodecRegistry.ByName("gzip").Extension);
        Assert.Contains($"`{part["parts/".Length..]}`", section.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_too_long_is_cut_as_the_document_says()
    {
        string name = new('ü', 100);
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)));

        string encoded = RepositoryKeys.Encode(name);

        // 166 characters would end inside an escape of three.
        Assert.Equal(string.Concat(Enumerable.Repeat("%C3%BC", 27)) + "%C3" + "%-" + hash[..32], encoded);
        Assert.Equal(new string('x', 166), RepositoryKeys.Encode(new string('x', 201))[..166]);
        Assert.Equal(200, RepositoryKeys.Encode(new string('x', 201)).Length);
        Assert.Equal(200, RepositoryKeys.Encode(new string('x', 200)).Length);
        Assert.Equal("%", RepositoryKeys.Encode(""));
    }

    [Fact]
    public void The_rows_of_the_example_have_the_bytes_hashes_and_sum_that_stand_there()
    {
        using SqliteConnection database = OpenExample(":memory:");
        Document section = Format.Section("## Fingerprints");
        string[][] rows = [.. section.Rows().Where(row => int.TryParse(row[0], out _))];
        SqliteSchema schema = SqliteSchema.Read(database);

        List<byte[]> canonical = TestDatabase.Rows(database, "sample");

        Assert.Equal(3, rows.Length);
        Assert.Equal(
            rows.Select(row => Document.Codes(row[1])[0].Replace(" ", "", StringComparison.Ordinal)),
            canonical.Select(Convert.ToHexStringLower));
        Assert.Equal(rows.Select(row => Document.Codes(row[2])[0]), canonical.Select(row => TableFingerprint.Empty.Add(row).ToHex()));
        string sum = TestDatabase.Digest(database, schema, schema.Find("sample")!).ToHex();
        Assert.Contains($"The sum, which is the fingerprint in the manifest above: `{sum}`", section.Text, StringComparison.Ordinal);
        Assert.Equal(sum, ManifestJson.Read(Encoding.UTF8.GetBytes(Format.Section("## manifest.json").Frames("json")[0]), "manifest.json").Tables[0].Fingerprint);
        Assert.Contains(Convert.ToHexStringLower(canonical[0]), section.Frames("bash")[0].Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ValueKind.Null, "NULL")]
    [InlineData(ValueKind.Integer, "INTEGER")]
    [InlineData(ValueKind.Real, "REAL")]
    [InlineData(ValueKind.Text, "TEXT")]
    [InlineData(ValueKind.Blob, "BLOB")]
    internal void The_tags_are_the_storage_classes(ValueKind kind, string name) =>
        Assert.Contains(Format.Section("## Fingerprints").Rows(), row => row[0] == name && row[1] == $"`{(int)kind:x2}`");

    [Fact]
    public async Task The_parts_of_the_example_are_what_the_engine_writes()
    {
        OpenExample(Path.Combine(_folder, "sample.db")).Dispose();
        string[] sql = Example.Frames("sql")[1..];

        Assert.Equal(string.Join("\n", sql) + "\n", await PlainAsync(BackupFormat.Sql));
        Assert.Equal($"{sql[0]}\n{Example.Frames("json")[0]}\n{sql[2]}\n", await PlainAsync(BackupFormat.Json));
        string csv = Example.Frames("csv")[0].Replace("\n", "\r\n", StringComparison.Ordinal).Replace("two\r\nlines", "two\nlines", StringComparison.Ordinal);
        Assert.Equal($"{sql[0]}\n{csv}\r\n{sql[2]}\n", await PlainAsync(BackupFormat.Csv));
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "sample.db")), (await BackupAsync(BackupFormat.Native)).Plain);
    }

    private static SqliteConnection OpenExample(string path)
    {
        SqliteConnection connection = TestDatabase.Open(path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = Example.Frames("sql")[0];
        command.ExecuteNonQuery();
        return connection;
    }

    private async Task<string> PlainAsync(BackupFormat format) => Encoding.UTF8.GetString((await BackupAsync(format)).Plain);

    private Task<MemoryBackup> BackupAsync(BackupFormat format) => MemoryBackup.MakeAsync(
        new SqliteEngine(),
        DatabaseAddress.OfFile(Path.Combine(_folder, "sample.db")),
        new SnapshotOptions(format, BackupScope.All, TableFilter.Everything, 1, _folder, 64 * 1024 * 1024, TimeSpan.FromSeconds(5)));

    /// <summary>Keys as the document names them: members of members with a point, without the objects around them.</summary>
    private static void Collect(JsonObject value, string prefix, SortedSet<string> keys)
    {
        foreach ((string key, JsonNode? child) in value)
        {
            string path = prefix + key;
            switch (child)
            {
                case JsonObject inner when key is "position" or "compression":
                    Collect(inner, path + ".", keys);
                    break;
                case JsonArray items:
                    keys.Add(path);
                    items.ToList().ForEach(item => Collect(item!.AsObject(), path + ".", keys));
                    break;
                default:
                    keys.Add(path);
                    break;
            }
        }
    }
}
