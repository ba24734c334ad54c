using System.Text;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Testing.Docs;

namespace AiShell.Tests.Engines;

/// <summary>pg_dump's archive: ones that versions 15 and 18 wrote, and ones put together by hand, for what lies between and for what is broken.</summary>
public sealed class ArchiveReaderTests
{
    [Theory]
    [InlineData(15, 14)]
    [InlineData(18, 16)]
    public void What_pg_dump_wrote_is_read(int major, byte version)
    {
        byte[] recorded = File.ReadAllBytes(Path.Combine(Document.Root(), "tests", "AiShell.Testing", "Data", $"small.pg{major}.dump"));
        Assert.Equal(version, recorded[6]);

        IReadOnlyList<ArchiveEntry> entries = ArchiveReader.Read(recorded);

        ArchiveEntry table = entries.Single(entry => entry.Kind == "TABLE");
        Assert.Equal("Odd \"näme", table.Tag);
        Assert.Equal(("public", "postgres", "heap", ArchiveSection.PreData), (table.Schema, table.Owner, table.TableAccessMethod, table.Section));
        Assert.Equal("CREATE TABLE \"public\".\"Odd \"\"näme\" (\n    \"id\" integer NOT NULL,\n    \"b\" \"text\"\n);\n", table.Definition);
        Assert.Equal("DROP TABLE \"public\".\"Odd \"\"näme\";\n", table.Drop);
        Assert.Equal(1259, table.Oid.Catalogue);
        Assert.True(table.Oid.Row >= 16384);
        ArchiveEntry view = entries.Single(entry => entry.Kind == "VIEW");
        Assert.Contains(table.Id, view.DependsOn);
        Assert.Contains("two\nlines", entries.Single(entry => entry.Kind == "COMMENT" && entry.Tag.StartsWith("VIEW", StringComparison.Ordinal)).Definition, StringComparison.Ordinal);
        Assert.Equal(ArchiveSection.PostData, entries.Single(entry => entry.Kind == "INDEX").Section);
        Assert.Contains("$$ select 1; -- ; $$", entries.Single(entry => entry.Kind == "FUNCTION").Definition, StringComparison.Ordinal);
        Assert.Contains("GRANT SELECT", entries.Single(entry => entry.Kind == "ACL").Definition, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    public void Later_versions_are_read_alike(int version)
    {
        ArchiveEntry entry = Assert.Single(ArchiveReader.Read(Archive(version)));

        Assert.Equal((7, "TABLE", "tä", "s", "CREATE TABLE s.t();\n", "DROP TABLE s.t;\n"), (entry.Id, entry.Kind, entry.Tag, entry.Schema, entry.Definition, entry.Drop));
        Assert.Equal(("o", "ts", "heap", ArchiveSection.PreData), (entry.Owner, entry.Tablespace, entry.TableAccessMethod, entry.Section));
        Assert.Equal((1259L, 4294967295L), entry.Oid);
        Assert.Equal([3, 300], entry.DependsOn);
    }

    [Theory]
    [InlineData(13)]
    [InlineData(17)]
    public void A_version_that_is_not_known_is_refused_by_its_number(int version)
    {
        InvalidDataException failure = Assert.Throws<InvalidDataException>(() => ArchiveReader.Read(Archive(version)));

        Assert.Contains($"1.{version}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_that_is_cut_short_anywhere_is_never_taken_for_whole()
    {
        byte[] archive = Archive(16);
        for (int length = 0; length < archive.Length - 9; length++)
        {
            Assert.Throws<InvalidDataException>(() => ArchiveReader.Read(archive[..length]));
        }
    }

    /// <summary>As pg_backup_archiver.c writes it: integers as a sign and four bytes, texts with their length before them.</summary>
    private static byte[] Archive(int version)
    {
        using MemoryStream archive = new();
        archive.Write("PGDMP"u8);
        archive.Write([1, (byte)version, 0, 4, 8, 1]);
        if (version >= 15)
        {
            archive.WriteByte(0);
        }
        else
        {
            Integer(0);
        }

        for (int field = 0; field < 7; field++)
        {
            Integer(field);
        }

        Texts("db", "18.0", "18.0");
        Integer(1);
        Integer(7);
        Integer(0);
        Texts("1259", "4294967295", "tä", "TABLE");
        Integer(2);
        Texts("CREATE TABLE s.t();\n", "DROP TABLE s.t;\n", null, "s", "ts", "heap");
        if (version >= 16)
        {
            Integer('r');
        }

        Texts("o", "false", "3", "300", null);
        archive.Write(new byte[9]);
        return archive.ToArray();

        void Integer(int value)
        {
            archive.WriteByte(value < 0 ? (byte)1 : (byte)0);
            archive.Write(BitConverter.GetBytes(Math.Abs(value)));
        }

        void Texts(params string?[] texts)
        {
            foreach (string? text in texts)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(text ?? "");
                Integer(text is null ? -1 : bytes.Length);
                archive.Write(bytes);
            }
        }
    }
}
