using System.Globalization;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Rows between a real server, the parts and the stock client.</summary>
public sealed class MySqlRowTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const int Reals = 3000;

    [Fact]
    public async Task Thousands_of_random_floats_and_doubles_are_exact()
    {
        Random random = new(4711);
        await shared.Server.RunAsync("", "CREATE DATABASE reals");
        await shared.Server.RunAsync("reals", "CREATE TABLE reals(id INT PRIMARY KEY, f FLOAT, d DOUBLE)");
        (float F, double D)[] values = [.. Enumerable.Range(0, Reals).Select(_ => (NextSingle(random), NextDouble(random)))];
        await shared.Server.RunAsync("reals", $"INSERT INTO reals VALUES {string.Join(',', values.Select((value, index) => FormattableString.Invariant($"({index},{(double)value.F:E17},{value.D:E17})")))}");

        string sql = await RowSuite.CheckAsync(shared.Server, "reals", "reals");

        string[] rows = sql.Split('\n')[1..^1];
        Assert.Equal(Reals, rows.Length);
        foreach ((string row, (float f, double d)) in rows.Zip(values))
        {
            string[] literals = row.TrimEnd(',', ';').Trim('(', ')').Split(',');
            Assert.Equal(BitConverter.SingleToInt32Bits(f), BitConverter.SingleToInt32Bits((float)double.Parse(literals[1], CultureInfo.InvariantCulture)));
            Assert.Equal(BitConverter.DoubleToInt64Bits(d), BitConverter.DoubleToInt64Bits(double.Parse(literals[2], CultureInfo.InvariantCulture)));
        }
    }

    [Fact]
    public async Task Values_of_any_length_come_whole()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE lengths; SET GLOBAL max_allowed_packet = 1073741824");
        int[] lengths = [0, 1, 250, 251, 252, 0xFFFF, 0x10000, 262_130, 262_140, 262_144, 300_000, 0xFFFFFF - 20, 0xFFFFFF, 0x1000000, 0x2000000];
        await shared.Server.RunAsync(
            "lengths",
            $"SET max_statement_time = 0; CREATE TABLE lengths(id INT PRIMARY KEY, t LONGTEXT, b LONGBLOB, n INT); INSERT INTO lengths VALUES {string.Join(',', lengths.Select((length, index) => $"({index}, REPEAT('é', {length / 2}), REPEAT('b', {length}), {index})"))}");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "lengths");
        SourceTable table = RowSuite.Table(session, "lengths");

        LengthRecord record = new();
        new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns, "ORDER BY id")), table.Columns).ReadToEnd(record);

        Assert.Equal(lengths.SelectMany(length => (long[])[length / 2 * 2, length]), record.Lengths);
        Assert.Equal(lengths.Length * 2, record.Numbers);
        Assert.Equal("1", session.Scalar("SELECT 1"));
    }

    [Fact]
    public async Task A_value_of_hundreds_of_megabytes_is_never_held()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE huge; SET GLOBAL max_allowed_packet = 1073741824");
        await shared.Server.RunAsync("huge", "CREATE TABLE huge(b LONGBLOB)");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "huge");
        SourceColumn[] columns = [new SourceColumn("b", "longblob", null)];
        long before = GC.GetAllocatedBytesForCurrentThread();
        SqlRowWriter writer = new(new TableName("", "huge"), ["b"]);
        CountingStream part = new();
        writer.Begin(part);

        // Made by the server as it is read: so no table has to hold it.
        new RowDecoder(new BinaryRows(session, "SELECT CAST(REPEAT('x', 300000000) AS BINARY)"), columns).ReadToEnd(writer);
        writer.End();

        Assert.Equal(SqlRowWriter.HeaderOf(new TableName("", "huge"), ["b"]).Length + "(0x);\n".Length + 600_000_000L, part.Bytes);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16 << 20);
    }

    [Fact]
    public async Task A_value_larger_than_the_servers_largest_packet_is_read_whole_in_every_character_set()
    {
        const int Length = 5_000_000;
        await shared.Server.RunAsync("", "CREATE DATABASE packets; SET GLOBAL max_allowed_packet = 1073741824");
        await shared.Server.RunAsync(
            "packets",
            $"CREATE TABLE packets(a LONGTEXT CHARACTER SET latin1, b LONGTEXT CHARACTER SET utf8mb4, c LONGTEXT CHARACTER SET sjis, d LONGTEXT CHARACTER SET utf16, e LONGBLOB, f LONGTEXT CHARACTER SET ascii); "
            + $"INSERT INTO packets VALUES (REPEAT('é', {Length}), REPEAT('é', {Length}), REPEAT('表', {Length}), REPEAT('🙂', {Length}), REPEAT('e', {Length}), REPEAT('f', {Length})); SET GLOBAL max_allowed_packet = 1048576");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "packets");
        SourceTable table = RowSuite.Table(session, "packets");
        LengthRecord record = new();

        new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns)), table.Columns).ReadToEnd(record);

        Assert.Equal([2 * Length, 2 * Length, 2 * Length, 4 * Length, Length, Length], record.Lengths);
        await shared.Server.RunAsync("", "SET GLOBAL max_allowed_packet = 1073741824");
    }

    [Fact]
    public async Task Every_byte_of_latin1_is_the_character_that_the_server_takes_it_for()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE latin");
        await shared.Server.RunAsync("latin", "CREATE TABLE latin(id INT PRIMARY KEY, t VARCHAR(9) CHARACTER SET latin1, v VARCHAR(9) CHARACTER SET utf8mb4 AS (t)); INSERT INTO latin(id, t) SELECT seq, CAST(CHAR(97, seq, seq) AS BINARY) FROM seq_1_to_255");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "latin");
        SourceTable table = RowSuite.Table(session, "latin");
        SourceColumn[] both = [.. table.Columns, new SourceColumn("v", "varchar(9)", "utf8mb4")];
        RowSample sample = new(int.MaxValue);

        new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, both)), both).ReadToEnd(new TupleDigester(sample));

        Assert.Equal(255, sample.Rows.Count());
        Assert.All(sample.Rows, row =>
        {
            Range[] literals = [.. TupleLiterals.Split(row.Span)];
            Assert.Equal(row[literals[2]].ToArray(), row[literals[1]].ToArray());
        });
        await RowSuite.CheckAsync(shared.Server, "latin", "latin");
    }

    [Fact]
    public async Task Many_rows_are_read_without_an_allocation_each()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE many");
        await shared.Server.RunAsync("many", "CREATE TABLE many(a BIGINT PRIMARY KEY, b VARCHAR(100), c DATETIME(3), d DOUBLE, e DECIMAL(20,4), f VARBINARY(20), g TIME, h FLOAT)");
        await shared.Server.RunAsync("many", "INSERT INTO many SELECT seq, MD5(seq), '2026-11-24 12:34:56.789', seq / 7, seq / 3, UNHEX(MD5(seq)), '12:00:00', seq / 11 FROM seq_1_to_200000");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "many");
        SourceTable table = RowSuite.Table(session, "many");
        RowDecoder rows = new(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns)), table.Columns);
        SqlRowWriter writer = new(table.Name, [.. table.Columns.Select(column => column.Name)]);
        writer.Begin(Stream.Null);
        rows.Read(writer, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();

        rows.ReadToEnd(writer);

        Assert.Equal(200_000, writer.Fingerprint.Rows);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 200_000, "a byte a row is too much");
    }

    [Fact]
    public async Task Text_that_is_no_unicode_is_kept_by_sql_and_refused_by_name_elsewhere()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE surrogates");
        await shared.Server.RunAsync("surrogates", "CREATE TABLE surrogates(t VARCHAR(9)); INSERT INTO surrogates VALUES (X'61EDA080')");
        await shared.Server.RunAsync("", "CREATE DATABASE surrogates_copy; CREATE TABLE surrogates_copy.surrogates LIKE surrogates.surrogates");
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "surrogates");
        SourceTable table = RowSuite.Table(session, "surrogates");
        (byte[] part, TableFingerprint fingerprint) = RowSuite.Write(session, table, BackupFormat.Sql);

        await shared.Server.RunAsync("surrogates_copy", part);
        using MySqlSession copy = await RowSuite.OpenAsync(shared.Server, "surrogates_copy");
        Assert.Equal(fingerprint, TableDigests.Read(copy, table.Name, table.Columns));
        Assert.Equal(fingerprint, RowSuite.Read(table, BackupFormat.Sql, part));
        foreach (BackupFormat format in (BackupFormat[])[BackupFormat.Json, BackupFormat.Csv])
        {
            using MySqlSession another = await RowSuite.OpenAsync(shared.Server, "surrogates");
            Assert.Contains("'t' of table 'surrogates'", Assert.Throws<AiShellException>(() => RowSuite.Write(another, table, format)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_table_of_generated_columns_only_has_rows()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE computed");
        await shared.Server.RunAsync("computed", "CREATE TABLE computed(a INT AS (1 + 1) STORED, b TEXT AS ('x') VIRTUAL); INSERT INTO computed VALUES (), (), ()");

        Assert.Equal("INSERT INTO `computed` () VALUES\n(),\n(),\n();\n", await RowSuite.CheckAsync(shared.Server, "computed", "computed"));
    }

    [Fact]
    public async Task Columns_that_are_not_what_they_were_are_told_apart()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE moved");
        await shared.Server.RunAsync("moved", "CREATE TABLE moved(a INT, b TEXT, c DATE); INSERT INTO moved VALUES (1, 'x', '2026-11-24')");
        SourceTable table;
        using (MySqlSession session = await RowSuite.OpenAsync(shared.Server, "moved"))
        {
            table = RowSuite.Table(session, "moved");
        }

        foreach (string change in (string[])["MODIFY a TEXT", "MODIFY a INT, MODIFY b INT", "MODIFY b TEXT, MODIFY c DATETIME", "DROP c"])
        {
            await shared.Server.RunAsync("moved", $"TRUNCATE moved; ALTER TABLE moved {change}");
            using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "moved");
            Assert.ThrowsAny<Exception>(() => RowSuite.Write(session, table, BackupFormat.Sql));
        }
    }

    [Fact]
    public async Task Sampled_rows_are_found_by_any_key_and_without_one_and_compared_to_the_byte()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE samples");
        await shared.Server.RunAsync(
            "samples",
            """
            SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00';
            CREATE TABLE texts(k VARCHAR(50) PRIMARY KEY, v INT); INSERT INTO texts VALUES ('it''s', 1), ('Å\\', 2), ('', 3);
            CREATE TABLE pairs(a BINARY(2), b BIT(9), c YEAR, v TEXT, PRIMARY KEY (c, b, a)); INSERT INTO pairs VALUES (0x0001, b'1', 0, 'x'), ('ab', b'100000001', 2026, 'y');
            CREATE TABLE sjis(k VARCHAR(9) CHARACTER SET sjis PRIMARY KEY, e ENUM('a','b')); INSERT INTO sjis VALUES ('表', 'a');
            CREATE TABLE keyless(a INT, b FLOAT, c DOUBLE, d DATETIME, e TEXT, f JSON, g POINT, h TIMESTAMP NULL, i DECIMAL(9,3), j SET('x','y'), k LONGTEXT, l TIME(3), m UUID, n VARCHAR(9) CHARACTER SET latin1);
            INSERT INTO keyless VALUES (1, 0.1, 1e-300, '0000-00-00', 'a', '{"a":1}', POINT(1,2), '1970-01-01 00:00:01', 1.5, 'x,y', REPEAT('k', 100000), '-838:59:59', '123e4567-e89b-12d3-a456-426655440000', 'é'),
              (1, 0.1, 1e-300, '2026-02-31', 'A', '{"a":1}', POINT(1,2), NULL, 1.5, '', 'k', '00:00:00.001', NULL, '€'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
            """);
        SampledRow[] rows = await SampleAsync("samples");
        Assert.Equal(9, rows.Length);
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, "samples");
        Assert.Empty(SampleComparison.Run(session, "samples", rows, default));

        await shared.Server.RunAsync("samples", "UPDATE texts SET k = 'IT''S' WHERE v = 1; UPDATE pairs SET v = 'X' WHERE c = 0; DELETE FROM sjis; UPDATE keyless SET e = 'A' WHERE e = 'a'; DELETE FROM texts WHERE v = 3");
        Assert.Equal(
            [
                "keyless a 1, b 0.10000000149011612, c 1e-300: e is 'A', expected 'a'",
                "pairs a 0x0001, b 0x0001, c 0: v is 'X', expected 'x'",
                "sjis k _sjis 0x955C: the row is missing",
                "texts k '': the row is missing",
                "texts k 'it\\'s': k is 'IT\\'S', expected 'it\\'s'",
            ],
            SampleComparison.Run(session, "samples", rows, default).Order(StringComparer.Ordinal));
        await shared.Server.RunAsync("samples", "DROP TABLE sjis");
        Assert.Contains("sjis: the table is missing", SampleComparison.Run(session, "samples", rows, default));
    }

    [Fact]
    public async Task Digests_are_of_one_moment()
    {
        await shared.Server.RunAsync("", "CREATE DATABASE moment");
        await shared.Server.RunAsync("moment", "CREATE TABLE a(x INT); CREATE TABLE b(x INT); CREATE VIEW v AS SELECT * FROM a; INSERT INTO a VALUES (1), (NULL); INSERT INTO b VALUES (2)");

        IReadOnlyList<TableDigest> digests = await new MySqlEngine().DigestAsync(shared.Server.AddressOf("moment"), default);

        Assert.Equal(
            [
                new TableDigest(new TableName("", "a"), TableFingerprint.Empty.Add("(1)"u8).Add("(NULL)"u8)),
                new TableDigest(new TableName("", "b"), TableFingerprint.Empty.Add("(2)"u8)),
            ],
            digests);
    }

    private async Task<SampledRow[]> SampleAsync(string database)
    {
        using MySqlSession session = await RowSuite.OpenAsync(shared.Server, database);
        List<SampledRow> rows = [];
        foreach (SourceTable table in ColumnListing.Read(session, database))
        {
            RowSample sample = new(int.MaxValue);
            new RowDecoder(new BinaryRows(session, RowSelect.Of(table.Name, table.Columns)), table.Columns).ReadToEnd(new TupleDigester(sample));
            rows.AddRange(sample.Rows.Select(row => new SampledRow(table.Name, row)));
        }

        return [.. rows];
    }

    private static float NextSingle(Random random)
    {
        float value = BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue));
        return float.IsNormal(value) ? value : NextSingle(random);
    }

    private static double NextDouble(Random random)
    {
        double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
        return double.IsNormal(value) ? value : NextDouble(random);
    }

    /// <summary>Keeps the lengths of values alone.</summary>
    private sealed class LengthRecord : IRowSink
    {
        public List<long> Lengths { get; } = [];

        public int Numbers { get; private set; }

        public void BeginRow()
        {
            // its values count
        }

        public void Null() => throw new InvalidOperationException("There is no NULL in the table.");

        public void Number(ReadOnlySpan<byte> literal) => Numbers++;

        public void BeginText() => Lengths.Add(0);

        public void BeginBytes(string? characterSet) => Lengths.Add(0);

        public void Piece(ReadOnlySpan<byte> bytes) => Lengths[^1] += bytes.Length;

        public void EndValue()
        {
            // its pieces count
        }

        public void EndRow()
        {
            // its values count
        }
    }

    private sealed class CountingStream : MemoryStream
    {
        public long Bytes { get; private set; }

        public override void Write(byte[] buffer, int offset, int count) => Bytes += count;

        public override void Write(ReadOnlySpan<byte> buffer) => Bytes += buffer.Length;
    }
}
