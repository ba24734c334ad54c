using System.Text;
using AiShell.Engines;
using AiShell.Engines.MySql;
using CsCheck;

namespace AiShell.Tests.Engines.MySqlRows;

public class RowFormatProperties
{
    private static readonly string[] Intruders = ["\n", "\r\n", " ", "\"", "'", "x", "0", "{}", ",", ";\n", "\t", "-", "\\", "A", "a", "=", "\0", "\u00ff", ",\n", "NULL"];

    public static TheoryData<BackupFormat> Formats => [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Random_rows_come_back_however_they_are_cut(BackupFormat format) =>
        Gen.Select(RandomTable.Any, Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000]), Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000])).Sample(
            (table, piece, step) =>
            {
                TupleDigester expected = new();
                table.Tell(expected, 5000);
                (byte[] part, TableFingerprint fingerprint) = table.Write(format, piece);
                Assert.Equal(table.Write(format).Part, part);
                RowRecord found = new();
                Assert.Equal(table.Columns, RandomTable.Read(format, table.Table.Name, part, found, step));
                Assert.Equal(table.Rows, found.Rows);
                Assert.Equal(expected.Fingerprint, fingerprint);
                Assert.Equal(table.Rows.Count, fingerprint.Rows);
            },
            iter: 500,
            threads: 1,
            print: sample => sample.Item1.Print());

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(62)]
    public void Bytes_come_back_wherever_the_stream_pauses(int length)
    {
        Value bytes = new Value.Bytes(Convert.ToHexString([.. Enumerable.Range(0, length).Select(i => (byte)i)]), null);
        RandomTable table = new(["a"], [.. Enumerable.Repeat<IReadOnlyList<Value>>([bytes], 400)]);
        foreach (BackupFormat format in (BackupFormat[])[BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv])
        {
            byte[] part = table.Write(format).Part;
            for (int step = 1; step <= 150; step++)
            {
                RowRecord found = new();
                RandomTable.Read(format, table.Table.Name, part, found, step);
                Assert.Equal(table.Rows, found.Rows);
            }
        }
    }

    /// <summary>.NET takes digits that end in NUL for shorter ones.</summary>
    [Fact]
    public void An_escape_in_JSON_has_four_digits()
    {
        RandomTable table = new(["a"], [[new Value.Text("\u0001")]]);
        byte[] part = table.Write(BackupFormat.Json).Part;
        part[part.AsSpan().IndexOf("\\u0001"u8) + 5] = 0;

        Assert.Throws<InvalidDataException>(() => RandomTable.Read(BackupFormat.Json, table.Table.Name, part, new RowRecord()));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void What_a_reader_accepts_is_what_the_writer_writes(BackupFormat format) =>
        Gen.Select(RandomTable.Any, Gen.Double[0, 1], Gen.Int[0, 3], Gen.Int[0, Intruders.Length - 1].Select(index => Intruders[index])).Sample(
            (table, place, length, intruder) =>
            {
                byte[] part = table.Write(format).Part;
                int at = (int)(place * (part.Length - 1));
                byte[] intruding = Encoding.Latin1.GetBytes(intruder);
                foreach (byte[] damaged in (byte[][])
                    [part[..at], [.. part, .. part], [.. part[..at], .. intruding, .. part[at..]], [.. part[..at], .. intruding, .. part[Math.Min(part.Length, at + length)..]]])
                {
                    RowRecord found = new();
                    try
                    {
                        IReadOnlyList<string> columns = RandomTable.Read(format, table.Table.Name, damaged, found);
                        Assert.Equal(Encoding.Latin1.GetString(damaged), Encoding.Latin1.GetString(new RandomTable(columns, found.Rows).Write(format).Part));
                    }
                    catch (InvalidDataException)
                    {
                        // as it should be
                    }
                }
            },
            iter: 1500,
            threads: 1,
            print: sample => $"{sample.Item1.Print()}\n{sample.Item2} {sample.Item3} {sample.Item4}");

    [Fact]
    public void A_canonical_row_falls_into_its_literals() => RandomTable.Any.Sample(
        table =>
        {
            foreach (IReadOnlyList<Value> row in table.Rows)
            {
                byte[] tuple = [.. RowFormatTests.CanonicalOf(table with { Rows = [row] }).Single()];
                Assert.Equal(
                    row.Select(value => Encoding.UTF8.GetString(RowFormatTests.CanonicalOf(new RandomTable(["a"], [[value]])).Single()[1..^1])),
                    TupleLiterals.Split(tuple).Select(range => Encoding.UTF8.GetString(tuple.AsSpan(range))));
            }
        },
        iter: 300,
        threads: 1,
        print: table => table.Print());

    [Fact]
    public void Every_double_is_written_as_it_reads_back_and_in_one_form() => Gen.Double.Sample(
        value =>
        {
            if (!double.IsFinite(value))
            {
                return;
            }

            byte[] literal = new byte[RealLiteral.Longest];
            int length = RealLiteral.Write(value, literal);
            Assert.True(NumberLiteral.IsOne(literal.AsSpan(0, length)), Encoding.ASCII.GetString(literal));
            double found = double.Parse(literal.AsSpan(0, length), System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(found));
        },
        iter: 20_000,
        threads: 1);
}
