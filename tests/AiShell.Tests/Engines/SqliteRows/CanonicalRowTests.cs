using AiShell.Engines;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class CanonicalRowTests
{
    [Fact]
    public void The_example_of_the_format_document_is_true()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "CREATE TABLE t(a, b, c, d, e)",
            "INSERT INTO t(rowid, a, b, c, d, e) VALUES (7, NULL, -2, 0.5, 'hé', x'00ff')");
        SqliteSchema schema = SqliteSchema.Read(database);

        byte[] row = Assert.Single(TestDatabase.Rows(database, "t"));
        TableFingerprint fingerprint = TestDatabase.Digest(database, schema, schema.Find("t")!);

        Assert.Equal("010000000000000007" + "00" + "01fffffffffffffffe" + "023fe0000000000000" + "030000000368c3a9" + "040000000200ff", Convert.ToHexStringLower(row));
        Assert.Equal("9c413b377a36cbf7998a9463ca1ba3f9", fingerprint.ToHex());
        Assert.Equal(1, fingerprint.Rows);
        Assert.Equal([7L, null, -2L, 0.5, "hé", new byte[] { 0, 255 }], CanonicalRow.Decode(row));
    }

    [Theory]
    [InlineData("01")]
    [InlineData("0300000002ff")]
    [InlineData("03ffffffffff")]
    [InlineData("05")]
    public void Bytes_that_are_no_row_are_refused(string hex) =>
        Assert.Throws<FormatException>(() => CanonicalRow.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void Invalid_text_is_kept_as_stored()
    {
        using SqliteConnection database = TestDatabase.InMemory(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, a)",
            "INSERT INTO t VALUES (1, CAST(x'610062' AS TEXT)), (2, CAST(x'ff80c0' AS TEXT)), (3, CAST(x'eda080' AS TEXT))");

        Assert.Equal(
            ["0300000003610062", "0300000003ff80c0", "0300000003eda080"],
            TestDatabase.Rows(database, "t").Select(row => Convert.ToHexStringLower(row)[18..]));
    }

    [Theory]
    [InlineData("UTF-16le")]
    [InlineData("UTF-16be")]
    public void Text_of_a_utf16_database_has_the_same_encoding_as_in_utf8(string encoding)
    {
        string[] content = ["CREATE TABLE t(a)", "INSERT INTO t VALUES ('hé€😀'), (''), ('a' || char(0) || 'b'), (char(65279) || 'bom')"];
        using SqliteConnection utf8 = TestDatabase.InMemory(content);
        using SqliteConnection utf16 = TestDatabase.InMemory([$"PRAGMA encoding='{encoding}'", .. content]);

        Assert.Equal(TestDatabase.Rows(utf8, "t"), TestDatabase.Rows(utf16, "t"));
    }

    [Theory]
    [InlineData("UTF-16le", "00d8610000dc")]
    [InlineData("UTF-16be", "d8000061dc00")]
    [InlineData("UTF-16le", "3dd800de00de")]
    [InlineData("UTF-16be", "d83dde00de00")]
    public void Unpaired_surrogates_come_back_from_the_canonical_text(string encoding, string hex)
    {
        using SqliteConnection database = TestDatabase.InMemory(
            $"PRAGMA encoding='{encoding}'", "CREATE TABLE t(id INTEGER PRIMARY KEY, a)", $"INSERT INTO t VALUES (1, CAST(x'{hex}' AS TEXT))");

        byte[] text = TestDatabase.Rows(database, "t")[0][14..];

        Assert.Equal(hex, Convert.ToHexStringLower(Utf16Text.ToStored(text, encoding == "UTF-16be")));
    }
}
