using System.Text;
using System.Text.Json;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using CsCheck;

namespace AiShell.Tests.Engines.PostgreSqlRows;

public class RowFormatProperties
{
    private static readonly string[] Intruders = ["\n", "\r\n", " ", "\"", "x", "{}", "\\.\n", "\t"];

    public static TheoryData<BackupFormat> Formats => [BackupFormat.Sql, BackupFormat.Json, BackupFormat.Csv];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Random_rows_come_back_to_the_byte_however_they_are_cut(BackupFormat format) =>
        Gen.Select(RandomRows.Any, Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000]).Array[1, 3], Gen.OneOf(Gen.Int[1, 9], Gen.Int[10, 5000])).Sample(
            (rows, cuts, piece) =>
            {
                (IReadOnlyList<string> columns, byte[] lines) = rows.Read(format, rows.Write(format, cuts), piece);
                Assert.Equal(rows.Columns, columns);
                Assert.Equal(Encoding.UTF8.GetString(rows.Lines), Encoding.UTF8.GetString(lines));
            },
            iter: 500,
            threads: 1,
            print: sample => sample.Item1.Print());

    [Fact]
    public void Every_json_line_is_an_object_whose_strings_are_the_values() => RandomRows.Any.Sample(
        rows =>
        {
            string[] lines = Encoding.UTF8.GetString(rows.Write(BackupFormat.Json, 100_000)).Split('\n')[..^1];
            Assert.Equal(rows.Values.Count, lines.Length);
            foreach ((IReadOnlyList<string?> row, string line) in rows.Values.Zip(lines))
            {
                if (row.Any(value => value is ['{' or '[', ..]))
                {
                    continue; // not all of these are JSON; the server lets no others into a column of that type
                }

                using JsonDocument document = JsonDocument.Parse(line);
                Assert.Equal(rows.Columns, document.RootElement.EnumerateObject().Select(member => member.Name));
                Assert.Equal(row, document.RootElement.EnumerateObject().Select(member => member.Value.ValueKind switch
                {
                    JsonValueKind.Null => null,
                    JsonValueKind.String => member.Value.GetString(),
                    JsonValueKind.True => "t",
                    JsonValueKind.False => "f",
                    _ => member.Value.GetRawText(),
                }));
            }
        },
        iter: 300,
        threads: 1,
        print: rows => rows.Print());

    /// <summary>.NET takes digits that end in NUL for shorter ones.</summary>
    [Fact]
    public void An_escape_in_JSON_has_four_digits()
    {
        RandomRows rows = new(["a"], [25], [["\u001f"]]);
        byte[] part = rows.Write(BackupFormat.Json, 100);
        part[part.AsSpan().IndexOf("\\u001"u8) + 5] = 0;

        Assert.Throws<InvalidDataException>(() => rows.Read(BackupFormat.Json, part, 100));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_part_cut_short_or_with_a_byte_too_many_is_an_error_or_has_other_rows(BackupFormat format) =>
        Gen.Select(RandomRows.Any, Gen.Double[0, 1], Gen.Int[0, Intruders.Length - 1].Select(index => Intruders[index])).Sample(
            (rows, place, intruder) =>
            {
                byte[] plain = rows.Write(format, 100_000);
                int at = (int)(place * (plain.Length - 1));
                Assert.False(Reads(rows, format, plain[..at]), $"cut at {at}");
                Assert.False(Reads(rows, format, [.. plain[..at], .. Encoding.ASCII.GetBytes(intruder), .. plain[at..]]), $"'{intruder}' at {at}");
                Assert.False(Reads(rows, format, [.. plain, .. plain]), "doubled");
            },
            iter: 500,
            threads: 1,
            print: sample => sample.Item1.Print());

    [Theory]
    [InlineData("0", true)]
    [InlineData("-0.50", true)]
    [InlineData("123456789012345678901234567890.123456789", true)]
    [InlineData("1e-300", true)]
    [InlineData("1E+5", true)]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData("01", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("1e", false)]
    [InlineData("1e+", false)]
    [InlineData("NaN", false)]
    [InlineData("-Infinity", false)]
    [InlineData("1 ", false)]
    public void Numbers_are_what_the_grammar_of_json_says(string text, bool isNumber) =>
        Assert.Equal(isNumber, JsonForms.IsNumber(Encoding.ASCII.GetBytes(text)));

    private static bool Reads(RandomRows rows, BackupFormat format, byte[] plain)
    {
        try
        {
            (IReadOnlyList<string> columns, byte[] lines) = rows.Read(format, plain, 4096);
            RowDigester found = new(new RowSample(0), samples: false);
            RowDigester expected = new(new RowSample(0), samples: false);
            found.Take(lines);
            found.Complete();
            expected.Take(rows.Lines);
            return columns.SequenceEqual(rows.Columns) && found.Fingerprint == expected.Fingerprint;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
