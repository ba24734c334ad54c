using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Rows come into a table as they were, by LOAD DATA LOCAL and by INSERT.</summary>
public sealed class RowLoadTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const string Setup = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'; SET time_zone='+00:00'; SET NAMES utf8mb4;\n";

    private readonly string _name = $"l{Guid.NewGuid().ToString("N")[..8]}";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Numbers(bool local) => await CheckAsync(
        local,
        "a BIGINT UNSIGNED, b TINYINT(3) UNSIGNED ZEROFILL, c DECIMAL(65,30), d FLOAT, e DOUBLE, f YEAR, g BIGINT AUTO_INCREMENT PRIMARY KEY, h BIT(1), i BIT(64), j FLOAT(7,4)",
        """
        (18446744073709551615, 255, -99999999999999999999999999999999999.999999999999999999999999999999, -3.40282e38, -1.7976931348623157e308, 0, 0, b'1', 0xFFFFFFFFFFFFFFFF, -999.9999),
        (0, 0, 0.000000000000000000000000000001, 0.1, 5e-324, 1901, -9223372036854775808, 0, 0, 0.0001),
        (1, 1, -0.0, -1e-38, -0e0, 2155, 7, 1, 92, 0), (NULL, NULL, NULL, 3.4028234e38, 0.1, 2000, 8, NULL, 0x0A095C00, NULL)
        """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dates(bool local) => await CheckAsync(
        local,
        "a DATE, b DATETIME(6), c TIMESTAMP NULL, d TIMESTAMP(3) NOT NULL, e TIME(6)",
        """
        ('0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '-838:59:59'), ('2026-02-31', '2026-00-00', '1970-01-01 00:00:01', '2038-01-19 03:14:07.999', '838:59:59.999999'),
        ('9999-12-31', '9999-12-31 23:59:59.999999', NULL, '2026-03-29 02:30:00', '-00:00:00.000001'), (NULL, NULL, '2026-10-25 02:30:00', '2000-01-01', NULL)
        """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Texts_and_bytes(bool local) => await CheckAsync(
        local,
        "a VARCHAR(300), b LONGTEXT, c BINARY(3), d VARBINARY(300), e LONGBLOB, f ENUM('a','b''c','ü',''), g SET('x','y','z'), h JSON, i UUID, j INET6, k INET4, l GEOMETRY, m CHAR(3)",
        """
        ('é🙂', 'line\nnext\r\t\Z\0\\''"', 0x0001FF, '', 0x00FF090A0D5C27, 'b''c', 'x,z', '{"a": [1, null]}', '123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.1', ST_GeomFromText('LINESTRING(0 0,1 1)', 4326), ''),
        ('', '', 'a', '\\N', '', '', '', '"x"', '00000000-0000-0000-0000-000000000000', '::', '0.0.0.0', POINT(92, 10), ' a'),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        ('\\N', 'NULL', '', ' ', REPEAT('\\', 600000), 'ü', 'x,y,z', '[]', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:192.0.2.1', '255.255.255.255', NULL, 'a')
        """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Other_character_sets(bool local) => await CheckAsync(
        local,
        """
        a VARCHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET utf16, c VARCHAR(20) CHARACTER SET utf8mb3, d VARCHAR(20) CHARACTER SET sjis, e VARCHAR(20) CHARACTER SET cp1251,
        f VARCHAR(20) CHARACTER SET ucs2, g TEXT CHARACTER SET gbk, h ENUM('表','a') CHARACTER SET sjis, i VARCHAR(20) CHARACTER SET ascii, j VARCHAR(20) CHARACTER SET utf32, k VARCHAR(20) CHARACTER SET utf16le,
        l SET('é','x') CHARACTER SET latin1, m ENUM('🙂','a') CHARACTER SET utf16, n TEXT CHARACTER SET latin1
        """,
        """
        ('é€', '🙂é', 'é', '表', 'Ж', 'é', '中', '表', 'a', '🙂', '🙂', 'é', 'a', 'ÿ'), (_latin1 0x81FF8D, '', '', _sjis 0x5C7E, '', '', '', 'a', '', '', '', '', NULL, ''),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
        """);

    [Fact]
    public async Task A_value_that_the_column_does_not_take_is_told()
    {
        using MySqlSession session = await MakeAsync("a VARCHAR(10), b INT", "('0123456789', 70000)", "a VARCHAR(5), b SMALLINT");
        SourceTable table = RowSuite.Table(session, "t");
        (byte[] part, _) = RowSuite.Write(session, table, BackupFormat.Sql);
        session.Execute($"USE {_name}_copy");

        Assert.False(PartLoading.LoadRows(session, PartOf(part, 1), new MemoryStream(part), TableColumns.Read(session, $"{_name}_copy", table.Name), Path.GetTempPath(), local: true));
        Assert.False(PartLoading.LoadRows(session, PartOf(part, 1), new MemoryStream(part), TableColumns.Read(session, $"{_name}_copy", table.Name), Path.GetTempPath(), local: false));
    }

    [Fact]
    public async Task A_row_that_a_key_does_not_take_is_told()
    {
        using MySqlSession session = await MakeAsync("a INT", "(1), (2), (1)", "a INT PRIMARY KEY");
        SourceTable table = RowSuite.Table(session, "t");
        (byte[] part, _) = RowSuite.Write(session, table, BackupFormat.Sql);
        session.Execute($"USE {_name}_copy");

        AiShellException failure = Assert.Throws<AiShellException>(
            () => PartLoading.LoadRows(session, PartOf(part, 3), new MemoryStream(part), TableColumns.Read(session, $"{_name}_copy", table.Name), Path.GetTempPath(), local: true));
        Assert.Contains("took 2 of 3 rows", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Duplicate", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_with_another_number_of_rows_is_damaged()
    {
        using MySqlSession session = await MakeAsync("a INT", "(1), (2)", "a INT");
        SourceTable table = RowSuite.Table(session, "t");
        (byte[] part, _) = RowSuite.Write(session, table, BackupFormat.Sql);

        AiShellException failure = Assert.Throws<AiShellException>(
            () => PartLoading.LoadRows(session, PartOf(part, 3), new MemoryStream(part), table.Columns, Path.GetTempPath(), local: true));
        Assert.Equal(ErrorKind.Integrity, failure.Kind);
    }

    private static BackupPart PartOf(byte[] part, long rows) => new(0, PartPhase.Data, new TableName("", "t"), "sql", rows, part.Length, 0);

    private async Task CheckAsync(bool local, string columns, string values)
    {
        using MySqlSession session = await MakeAsync(columns, values, columns);
        SourceTable table = RowSuite.Table(session, "t");
        foreach (BackupFormat format in RowSuite.Formats)
        {
            session.Execute($"USE {_name}");
            RowSelect.Prepare(session);
            (byte[] part, TableFingerprint expected) = RowSuite.Write(session, table, format);
            session.Execute($"USE {_name}_copy");
            session.Execute("TRUNCATE t");
            session.Execute("SET NAMES utf8mb4");

            BackupPart record = PartOf(part, expected.Rows) with { Extension = RowFormats.ExtensionOf(format) };
            bool exact = PartLoading.LoadRows(session, record, new MemoryStream(part), TableColumns.Read(session, $"{_name}_copy", table.Name), Path.GetTempPath(), local);

            Assert.True(exact, $"{format}: {string.Join("; ", session.Query("SHOW WARNINGS").Select(row => row[2]))}");
            RowSelect.Prepare(session);
            Assert.Equal(expected, TableDigests.Read(session, table.Name, table.Columns));
        }
    }

    private async Task<MySqlSession> MakeAsync(string columns, string values, string copyColumns)
    {
        await shared.Server.RunAsync("", $"CREATE DATABASE {_name}; CREATE DATABASE {_name}_copy CHARACTER SET latin1");
        await shared.Server.RunAsync(_name, $"{Setup}CREATE TABLE t ({columns}) CHARACTER SET utf8mb4; INSERT INTO t VALUES {values}");
        await shared.Server.RunAsync($"{_name}_copy", $"{Setup}CREATE TABLE t ({copyColumns}) CHARACTER SET utf8mb4");
        return await RowSuite.OpenAsync(shared.Server, _name);
    }
}
