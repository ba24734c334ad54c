using System.Globalization;
using System.Text;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Tests.Engines.SqliteRows;

public class RealLiteralTests
{
    private const int Count = 200_000;

    [Theory]
    [InlineData(19.99, "19.99")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(5.0, "5.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1024.0, "1024.0")]
    [InlineData(double.PositiveInfinity, "9e999")]
    [InlineData(double.NegativeInfinity, "-9e999")]
    public void Everyday_values_stay_plain(double value, string sql) => Assert.Equal(sql, Format(value));

    [Theory]
    [InlineData(double.Epsilon)]
    [InlineData(-double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(2.2250738585072009e-308)]
    [InlineData(5e-300)]
    [InlineData(1e23)]
    public void Extremes_are_powers_of_two_and_fit_the_room(double value) => Assert.Equal(value, RealLiteral.Parse(Encoding.UTF8.GetBytes(Format(value))));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1.5x")]
    [InlineData("1e999")]
    [InlineData("19e999")]
    [InlineData("1.0*")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public void What_is_no_number_is_refused(string text) => Assert.Throws<FormatException>(() => RealLiteral.Parse(Encoding.UTF8.GetBytes(text)));

    /// <summary>
    /// The proof for both libraries. Stock 3.40.1 gets about one in 700 of these wrong when they are plain shortest decimals.
    /// </summary>
    [Fact]
    public async Task Every_double_comes_back_bit_by_bit_from_the_shell_and_from_the_bundled_library()
    {
        double[] values = [.. Doubles(20261123).Take(Count)];
        byte[] script = Script(values);
        string path = Path.Combine(Path.GetTempPath(), $"ai-shell-{Guid.NewGuid():N}.db");
        try
        {
            await StockShell.Restore(path, script);
            using (SqliteConnection shell = TestDatabase.Open(path))
            {
                AssertSame(values, shell);
            }

            using SqliteConnection bundled = TestDatabase.InMemory();
            using MemoryStream stream = new(script);
            SqlScript.Run(bundled, stream, default);
            AssertSame(values, bundled);
        }
        finally
        {
            File.Delete(path);
        }

        Assert.All(values, value => Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(RealLiteral.Parse(Encoding.UTF8.GetBytes(Format(value))))));
    }

    private static IEnumerable<double> Doubles(int seed)
    {
        Random random = new(seed);
        while (true)
        {
            double any = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(any))
            {
                yield return any;
            }

            yield return (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 12));
            yield return Math.Round(random.NextDouble() * 1e6, random.Next(0, 10));
            yield return double.Parse($"{random.NextInt64(1, 1_000_000_000_000_000)}e{random.Next(-25, 25)}", CultureInfo.InvariantCulture);
            yield return Math.ScaleB(1, random.Next(-1074, 1024)) * (random.Next(2) == 0 ? 1 : 1 + double.Epsilon);
            yield return BitConverter.Int64BitsToDouble(random.NextInt64(1L << 52)); // subnormal
        }
    }

    private static byte[] Script(double[] values)
    {
        StringBuilder sql = new("BEGIN;\nCREATE TABLE t(a);\n");
        for (int at = 0; at < values.Length; at += 500)
        {
            sql.Append("INSERT INTO t VALUES\n(").AppendJoin("),\n(", values.Skip(at).Take(500).Select(Format)).Append(");\n");
        }

        return Encoding.UTF8.GetBytes(sql.Append("COMMIT;\n").ToString());
    }

    private static void AssertSame(double[] values, SqliteConnection database)
    {
        using NativeStatement select = new(database, "SELECT a FROM t ORDER BY rowid");
        foreach (double value in values)
        {
            Assert.True(select.Step());
            double found = NativeSqlite.ColumnReal(select.Handle, 0);
            Assert.True(
                BitConverter.DoubleToInt64Bits(found) == BitConverter.DoubleToInt64Bits(value),
                $"{value:R} as {Format(value)} came back as {found:R}");
        }

        Assert.False(select.Step());
    }

    private static string Format(double value)
    {
        byte[] buffer = new byte[RealLiteral.LongestBytes];
        return Encoding.UTF8.GetString(buffer, 0, RealLiteral.Format(value, buffer));
    }
}
