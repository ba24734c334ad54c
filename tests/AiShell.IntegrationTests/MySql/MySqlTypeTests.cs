namespace AiShell.IntegrationTests.MySql;

/// <summary>Every type's values leave the server as they are, and come back.</summary>
public sealed class MySqlTypeTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const string Setup = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'; SET time_zone='+00:00'; SET NAMES utf8mb4;\n";

    [Fact]
    public async Task Numbers_are_their_digits() => await CheckAsync(
        "numbers",
        """
        a TINYINT, b TINYINT UNSIGNED ZEROFILL, c SMALLINT, d SMALLINT UNSIGNED, e MEDIUMINT, f MEDIUMINT UNSIGNED, g INT, h INT(5) UNSIGNED ZEROFILL, i BIGINT, j BIGINT UNSIGNED,
        k DECIMAL(65,30), l DECIMAL(65,0), m DECIMAL(10,2) ZEROFILL, n FLOAT, o DOUBLE, p FLOAT(7,4), q DOUBLE(10,3), r YEAR, s BOOL
        """,
        """
        (-128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0, -99999999999999999999999999999999999.999999999999999999999999999999,
         -99999999999999999999999999999999999999999999999999999999999999999, 0, -3.40282e38, -1.7976931348623157e308, -999.9999, -9999999.999, 0, 0),
        (127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 42, 9223372036854775807, 18446744073709551615, 0.000000000000000000000000000001, 1, 12.5, 0.1, 0.1, 0.0001, 0.001, 1901, 1),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, -1, 1, 1e-38, 5e-324, -0.5, -0.5, 2155, 127),
        (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, -1e-60, -0e0, 0, 0, 1999, -1)
        """,
        """
        (-128,0,-32768,0,-8388608,0,-2147483648,0,-9223372036854775808,0,-99999999999999999999999999999999999.999999999999999999999999999999,-99999999999999999999999999999999999999999999999999999999999999999,0.00,-3.402820018375656e38,-1.7976931348623157e308,-999.9998779296875,-9999999.999,0,0),
        (127,255,32767,65535,8388607,16777215,2147483647,42,9223372036854775807,18446744073709551615,0.000000000000000000000000000001,1,12.50,0.10000000149011612,0.1,9.999999747378752e-5,0.001,1901,1),
        (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
        (1,1,1,1,1,1,1,1,1,1,0.000000000000000000000000000000,-1,1.00,9.999999350456404e-39,5e-324,-0.5,-0.5,2155,127),
        (1,1,1,1,1,1,1,1,1,1,0.000000000000000000000000000000,0,0.00,0,0,0,0,1999,-1)
        """);

    [Fact]
    public async Task Dates_and_times_have_the_digits_of_their_columns() => await CheckAsync(
        "dates",
        "a DATE, b DATETIME, c DATETIME(3), d DATETIME(6), e TIMESTAMP NULL, f TIMESTAMP(6) NULL, g TIME, h TIME(1), i TIME(6)",
        """
        ('0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '00:00:00', '0', '0'),
        ('9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '2038-01-19 03:14:07.999999', '838:59:59', '838:59:59.9', '838:59:59.999999'),
        ('2026-02-31', '2026-02-31 01:02:03', '2026-00-00', '1000-01-01 00:00:00.000001', '1970-01-01 00:00:01', '1970-01-01 00:00:01.000001', '-838:59:59', '-00:00:00.5', '-00:00:00.000001'),
        ('0001-01-01', '2026-11-24 00:00:00', '2026-11-24 12:00:00.100', '2026-11-24 00:00:01', '2026-11-24 00:00:00', '2026-11-24 12:34:56', '-24:00:00', '09:08:07.6', '100:00:00')
        """,
        """
        ('0000-00-00','0000-00-00 00:00:00','0000-00-00 00:00:00.000','0000-00-00 00:00:00.000000','0000-00-00 00:00:00','0000-00-00 00:00:00.000000','00:00:00','00:00:00.0','00:00:00.000000'),
        ('9999-12-31','9999-12-31 23:59:59','9999-12-31 23:59:59.999','9999-12-31 23:59:59.999999','2038-01-19 03:14:07','2038-01-19 03:14:07.999999','838:59:59','838:59:59.9','838:59:59.999999'),
        ('2026-02-31','2026-02-31 01:02:03','2026-00-00 00:00:00.000','1000-01-01 00:00:00.000001','1970-01-01 00:00:01','1970-01-01 00:00:01.000001','-838:59:59','-00:00:00.5','-00:00:00.000001'),
        ('0001-01-01','2026-11-24 00:00:00','2026-11-24 12:00:00.100','2026-11-24 00:00:01.000000','2026-11-24 00:00:00','2026-11-24 12:34:56.000000','-24:00:00','09:08:07.6','100:00:00.000000')
        """);

    [Fact]
    public async Task Bytes_are_hexadecimal_and_text_is_text() => await CheckAsync(
        "texts",
        """
        a CHAR(10), b VARCHAR(20), c TEXT, d BINARY(3), e VARBINARY(10), f BLOB, g BIT(1), h BIT(64), i ENUM('a','b''c','ü',''), j SET('x','y','z'), k JSON, l UUID, m INET6, n INET4, o POINT, p GEOMETRY
        """,
        """
        ('a', 'é🙂', 'line\nnext\r\t\Z\0\\''"', 0x0001FF, '', 0x00FF, b'1', b'1', 'b''c', 'x,z', '{"a": [1, null]}', '123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.1', POINT(1,2), ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)),
        ('', '', '', 'a', 'ab', '', 0, 0xFFFFFFFFFFFFFFFF, 'ü', '', '"x"', '00000000-0000-0000-0000-000000000000', '::', '0.0.0.0', NULL, ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        ('NULL', '  ', '0x41', '', ' ', ' ', 1, 0, '', 'x,y,z', '[]', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:192.0.2.1', '255.255.255.255', NULL, NULL)
        """,
        """
        ('a','é🙂','line\nnext\r	\Z\0\\\'"',0x0001FF,'',0x00FF,0x01,0x0000000000000001,'b\'c','x,z','{"a": [1, null]}','123e4567-e89b-12d3-a456-426655440000','2001:db8::ff00:42:8329','192.0.2.1',0x000000000101000000000000000000F03F0000000000000040,0xE610000001020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F),
        ('','','',0x610000,0x6162,'',0x00,0xFFFFFFFFFFFFFFFF,'ü','','"x"','00000000-0000-0000-0000-000000000000','::','0.0.0.0',NULL,0x0000000001030000000100000004000000000000000000000000000000000000000000000000000000000000000000F03F000000000000F03F000000000000F03F00000000000000000000000000000000),
        (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
        ('NULL','  ','0x41',0x000000,0x20,0x20,0x01,0x0000000000000000,'','x,y,z','[]','ffffffff-ffff-ffff-ffff-ffffffffffff','::ffff:192.0.2.1','255.255.255.255',NULL,NULL)
        """);

    [Fact]
    public async Task Text_of_other_character_sets_is_unicode_or_the_bytes_it_is() => await CheckAsync(
        "sets",
        """
        a VARCHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET utf16, c VARCHAR(20) CHARACTER SET utf8mb3, d VARCHAR(20) CHARACTER SET sjis, e VARCHAR(20) CHARACTER SET cp1251,
        f VARCHAR(20) CHARACTER SET ucs2, g TEXT CHARACTER SET gbk, h ENUM('表','a') CHARACTER SET sjis, i VARCHAR(20) CHARACTER SET ascii, j VARCHAR(20) CHARACTER SET utf32, k VARCHAR(20) CHARACTER SET utf16le, l SET('é') CHARACTER SET latin1,
        m MEDIUMTEXT CHARACTER SET ascii, n ENUM('a', 'b') CHARACTER SET binary
        """,
        """
        ('é€', '🙂é', 'é', '表', 'Ж', 'é', '中', '表', 'a', '🙂', '🙂', 'é', REPEAT('a', 70000), 'b'),
        (_latin1 0x81FF8D, '', '', _sjis 0x5C7E, '', '', '', 'a', X'61FF', '', '', '', X'FF', 'a'),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
        """,
        """
        ('é€',_utf16 0xD83DDE4200E9,'é',_sjis 0x955C,_cp1251 0xC6,_ucs2 0x00E9,_gbk 0xD6D0,_sjis 0x955C,'a',_utf32 0x0001F642,_utf16le 0x3DD842DE,'é',_ascii 0x{longAscii},0x62),
        ('ÿ','','',_sjis 0x5C7E,'','','',_sjis 0x61,_ascii 0x61FF,'','','',_ascii 0xFF,0x61),
        (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)
        """.Replace("{longAscii}", string.Concat(Enumerable.Repeat("61", 70_000)), StringComparison.Ordinal));

    /// <summary>Each row by itself, and as one that is larger than what is read at a time.</summary>
    private async Task CheckAsync(string table, string columns, string values, string expected)
    {
        await shared.Server.RunAsync("", $"CREATE DATABASE types_{table}");
        await shared.Server.RunAsync($"types_{table}", $"{Setup}CREATE TABLE {table} ({columns}); INSERT INTO {table} VALUES {values}");
        string sql = await RowSuite.CheckAsync(shared.Server, $"types_{table}", table);
        Assert.Equal($"{expected};\n", RowsOf(sql));
        await RowSuite.RestoreAsync(shared.Server, $"types_{table}");

        await shared.Server.RunAsync($"types_{table}", $"{Setup}ALTER TABLE {table} ADD COLUMN large LONGBLOB FIRST; UPDATE {table} SET large = REPEAT('a', 300000)");
        sql = await RowSuite.CheckAsync(shared.Server, $"types_{table}", table);
        string large = $"(0x{string.Concat(Enumerable.Repeat("61", 300_000))},";
        Assert.Equal($"{expected};\n", RowsOf(sql).Replace(large, "(", StringComparison.Ordinal));
    }

    /// <summary>As if they were of one statement.</summary>
    private static string RowsOf(string sql)
    {
        string header = sql[..(sql.IndexOf('\n', StringComparison.Ordinal) + 1)];
        return sql[header.Length..].Replace($";\n{header}", ",\n", StringComparison.Ordinal);
    }
}
