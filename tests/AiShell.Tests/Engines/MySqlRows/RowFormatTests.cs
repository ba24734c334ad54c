using System.IO.Hashing;
using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Tests.Engines.MySqlRows;

public class RowFormatTests
{
    private static readonly RandomTable Sample = new(
        ["id", "a `b\""],
        [
            [new Value.Number("-7"), Value.Text.Of("say \"it's\"\\\n\r\0\u001a\té🙂")],
            [new Value.Number("1e300"), new Value.Nothing()],
            [Value.Text.Of(""), new Value.Bytes("00FF", null)],
            [new Value.Bytes("8341", "sjis"), Value.Text.Of("NULL")],
        ]);

    [Fact]
    public void Sql_is_one_insert_statement_of_a_line_a_row() => Assert.Equal(
        """
        INSERT INTO `t,a``\b"le` (`id`,`a ``b"`) VALUES
        (-7,'say "it\'s"\\\n\r\0\Z	é🙂'),
        (1e300,NULL),
        ('',0x00FF),
        (_sjis 0x8341,'NULL');

        """,
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Sql).Part));

    [Fact]
    public void Json_is_an_object_a_row() => Assert.Equal(
        """
        {"id":-7,"a `b\"":"say \"it's\"\\\n\r\u0000\u001a\té🙂"}
        {"id":1e300,"a `b\"":null}
        {"id":"","a `b\"":{"$blob":"AP8="}}
        {"id":{"$sjis":"g0E="},"a `b\"":"NULL"}

        """,
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Json).Part));

    [Fact]
    public void Csv_quotes_text_always_and_all_else_never() => Assert.Equal(
        "\"id\",\"a `b\"\"\"\r\n-7,\"say \"\"it's\"\"\\\n\r\0\u001a\té🙂\"\r\n1e300,\r\n\"\",x'00ff'\r\n_sjis x'8341',\"NULL\"\r\n",
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Csv).Part));

    [Fact]
    public void The_fingerprint_is_of_the_tuples()
    {
        string[] tuples = ["(-7,'say \"it\\'s\"\\\\\\n\\r\\0\\Z\té🙂')", "(1e300,NULL)", "('',0x00FF)", "(_sjis 0x8341,'NULL')"];
        Assert.Equal(tuples, CanonicalOf(Sample).Select(Encoding.UTF8.GetString));
        TableFingerprint expected = tuples.Aggregate(TableFingerprint.Empty, (sum, tuple) => sum.Add(Encoding.UTF8.GetBytes(tuple)));
        Assert.All([BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv], format => Assert.Equal(expected, Sample.Write(format).Fingerprint));
    }

    [Fact]
    public void A_table_without_columns_has_rows_all_the_same()
    {
        RandomTable table = new([], [[], []]);
        Assert.Equal("INSERT INTO `t,a``\\b\"le` () VALUES\n(),\n();\n", Encoding.UTF8.GetString(table.Write(BackupFormat.Sql).Part));
        Assert.Equal("{}\n{}\n", Encoding.UTF8.GetString(table.Write(BackupFormat.Json).Part));
        Assert.Equal("\r\n\r\n\r\n", Encoding.UTF8.GetString(table.Write(BackupFormat.Csv).Part));
    }

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public void A_part_of_no_rows_is_empty(BackupFormat format)
    {
        Assert.Empty(new RandomTable(["a"], []).Write(format).Part);
        Assert.Throws<InvalidDataException>(() => RandomTable.Read(format, Sample.Table.Name, [], new RowRecord()));
    }

    [Fact]
    public void A_statement_ends_when_it_has_a_mebibyte_and_not_before()
    {
        RandomTable table = new(["a"], [.. Enumerable.Range(0, 50).Select(_ => (IReadOnlyList<Value>)[Value.Text.Of(new string('a', 100_000))])]);
        string sql = Encoding.UTF8.GetString(table.Write(BackupFormat.Sql).Part);
        string[] statements = sql.Split(";\n")[..^1];

        Assert.All(statements, statement => Assert.StartsWith("INSERT INTO", statement, StringComparison.Ordinal));
        Assert.All(statements[..^1], statement => Assert.InRange(statement.Length, 1 << 20, (1 << 20) + 100_010));
        Assert.Equal(5, statements.Length);
        string early = sql.Replace("'),\n('aaa", "');\nINSERT INTO `t,a``\\b\"le` (`a`) VALUES\n('aaa", StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => RandomTable.Read(BackupFormat.Sql, table.Table.Name, Encoding.UTF8.GetBytes(early), new RowRecord()));
        string late = sql.Replace(";\nINSERT INTO `t,a``\\b\"le` (`a`) VALUES\n", ",\n", StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => RandomTable.Read(BackupFormat.Sql, table.Table.Name, Encoding.UTF8.GetBytes(late), new RowRecord()));
    }

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public void A_table_of_very_many_long_names_is_read_as_any(BackupFormat format)
    {
        string[] names = [.. Enumerable.Range(0, 4096).Select(index => $"{new string('中', 58)}{index}")];
        RandomTable table = new(names, [.. Enumerable.Range(0, 3).Select(_ => names.Select(_ => (Value)Value.Text.Of(new string('x', 600))).ToArray())]);
        RowRecord found = new();
        Assert.Equal(names, RandomTable.Read(format, table.Table.Name, table.Write(format).Part, found));
        Assert.Equal(table.Rows, found.Rows);
    }

    [Theory]
    [InlineData(BackupFormat.Json, "EDA080")]
    [InlineData(BackupFormat.Csv, "EDA080")]
    [InlineData(BackupFormat.Json, "61C3")]
    [InlineData(BackupFormat.Csv, "FF")]
    public void Text_that_is_not_utf8_is_refused_by_the_name_of_its_column(BackupFormat format, string hex)
    {
        foreach (int piece in (int[])[1, 2, 100])
        {
            IRowWriter writer = RowFormats.CreateWriter(format, Sample.Table);
            writer.Begin(Stream.Null);
            writer.BeginRow();
            writer.Null();
            writer.BeginText();
            AiShellException refusal = Assert.Throws<AiShellException>(() =>
            {
                foreach (byte[] bytes in Convert.FromHexString(hex).Chunk(piece))
                {
                    writer.Piece(bytes);
                }

                writer.EndValue();
            });
            Assert.Contains("'a `b\"'", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("-1", true)]
    [InlineData("0.50", true)]
    [InlineData("1e-300", true)]
    [InlineData("-0e0", true)]
    [InlineData("-0", false)]
    [InlineData("0e0", false)]
    [InlineData("01", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("+1", false)]
    [InlineData("1e+5", false)]
    [InlineData("1e05", false)]
    [InlineData("1E5", false)]
    [InlineData("", false)]
    [InlineData("-", false)]
    public void A_number_has_one_form(string literal, bool isOne) => Assert.Equal(isOne, NumberLiteral.IsOne(Encoding.ASCII.GetBytes(literal)));

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public void Values_of_hundreds_of_megabytes_pass_without_being_held(BackupFormat format)
    {
        const int Pieces = 3000;
        byte[] piece = [.. Enumerable.Range(0, 100_000).Select(index => (byte)('a' + (index % 26)))];
        string path = Path.Combine(Path.GetTempPath(), $"ai-shell-{Guid.NewGuid():N}");
        using FileStream part = new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose });
        RowSample sample = new(2);
        long before = GC.GetAllocatedBytesForCurrentThread();

        SourceTable table = new(new TableName("", "t"), [new SourceColumn("a", "longtext", "utf8mb4"), new SourceColumn("b", "longblob", null)], [], "InnoDB", 0, 0);
        IRowWriter writer = RowFormats.CreateWriter(format, table);
        writer.Begin(part);
        TellLarge(writer, piece, Pieces);
        writer.End();
        part.Position = 0;
        TupleDigester digester = new(sample);
        using RowReader reader = RowFormats.CreateReader(new BackupPart(0, PartPhase.Data, table.Name, RowFormats.ExtensionOf(format), 1, 0, 0), part, Path.GetTempPath());
        reader.ReadHeader();
        Assert.True(reader.ReadRow(digester));
        Assert.False(reader.ReadRow(digester));

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(writer.Fingerprint, digester.Fingerprint);
        Assert.Equal(HashOfLarge(piece, Pieces), digester.Fingerprint.Sum);
        Assert.Empty(sample.Rows);
        Assert.True(allocated < 64L << 20, $"{allocated:N0} bytes were allocated");
    }

    internal static List<byte[]> CanonicalOf(RandomTable table)
    {
        List<byte[]> rows = [];
        foreach (IReadOnlyList<Value> row in table.Rows)
        {
            RowSample one = new(1);
            (table with { Rows = [row] }).Tell(new TupleDigester(one), int.MaxValue);
            rows.Add(one.Rows.Single().ToArray());
        }

        return rows;
    }

    private static void TellLarge(IRowSink sink, byte[] piece, int pieces)
    {
        sink.BeginRow();
        foreach (bool isText in (bool[])[true, false])
        {
            if (isText)
            {
                sink.BeginText();
            }
            else
            {
                sink.BeginBytes(null);
            }

            for (int index = 0; index < pieces / 2; index++)
            {
                sink.Piece(piece);
            }

            sink.EndValue();
        }

        sink.EndRow();
    }

    private static UInt128 HashOfLarge(byte[] piece, int pieces)
    {
        XxHash128 hash = new();
        hash.Append("('"u8);
        for (int index = 0; index < pieces / 2; index++)
        {
            hash.Append(piece);
        }

        hash.Append("',0x"u8);
        byte[] hex = Encoding.ASCII.GetBytes(Convert.ToHexString(piece));
        for (int index = 0; index < pieces / 2; index++)
        {
            hash.Append(hex);
        }

        hash.Append(")"u8);
        return hash.GetCurrentHashAsUInt128();
    }
}
