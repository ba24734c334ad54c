namespace AiShell.Testing.Engines.MySql;

/// <summary>A database of one of everything that MariaDB has, with names and texts that are hard to quote.</summary>
public static class RichSchema
{
    /// <summary>A table's name with every kind of quote, a new line, a statement's end and an emoji: one of three bytes, for the server takes no other in names.</summary>
    public const string OddTable = "odd `name`; 'with' \"quotes\" \\ \n ) , ü表❤ -- # /* */";

    /// <summary>Shows the time at which its rows were written.</summary>
    public const string DatedTable = "versioned_own";

    /// <summary>Events and what else knows its time zone, database's collation or client's character set, where the delimiter is <c>;;</c>; it is <c>;</c> afterwards.</summary>
    internal const string Events =
        """
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ON COMPLETION PRESERVE COMMENT 'even;t' DO BEGIN DELETE FROM no_key WHERE a = 5; END;;
        CREATE EVENT ending ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' ENDS '2031-01-01 00:00:00' DISABLE ON SLAVE DO SELECT 1;;
        SET time_zone = 'SYSTEM';;
        CREATE EVENT `off` ON SCHEDULE AT '2037-01-01 00:00:00' DISABLE DO SET @x = '🙂';;
        ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_german2_ci;;
        CREATE FUNCTION german(x varchar(10)) RETURNS varchar(10) DETERMINISTIC RETURN x;;
        ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;;
        SET NAMES latin1;;
        CREATE PROCEDURE latin_text() SELECT 'plain';;
        DELIMITER ;
        SET NAMES utf8mb4;
        """;

    private static string Odd => $"`{OddTable.Replace("`", "``", StringComparison.Ordinal)}`";

    /// <summary>For the stock client as root, in an empty database. Makes the user <c>author</c>, too.</summary>
    public static string Script =>
        $$"""
        CREATE USER IF NOT EXISTS author@localhost, `odd ``user`@`10.0.0.%`;
        ALTER DATABASE COMMENT 'all ''kinds''';
        SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00';

        CREATE SEQUENCE counter START WITH 5 INCREMENT BY 2 MINVALUE -10 MAXVALUE 1000 CACHE 3 CYCLE COMMENT 'it;s';
        CREATE SEQUENCE `down ``; ward` START WITH -1 INCREMENT BY -1 MINVALUE -100 MAXVALUE -1;
        CREATE SEQUENCE untouched;
        CREATE SEQUENCE run_out MAXVALUE 2;
        DO NEXTVAL(counter), NEXTVAL(`down ``; ward`), NEXTVAL(run_out), NEXTVAL(run_out);

        CREATE TABLE {{Odd}}(
          `a``b` int AUTO_INCREMENT COMMENT 'it''s \\ a\nnew; line', `c,(d)` enum('x', '🙂', 'a,b', 'it''s', 'q?', 'back\\slash') DEFAULT '🙂', `set` set('🙂', 'b)') NOT NULL DEFAULT '🙂,b)',
          t varchar(40) DEFAULT '🙂"''\\x' CHECK (t <> '🙂'), hidden int INVISIBLE DEFAULT 5, expr varchar(30) DEFAULT (concat('🙂', 'x;')),
          virt varchar(60) AS (concat(t, ';🙂')) VIRTUAL, stored int AS (hidden + 1) STORED INVISIBLE, body text COMPRESSED, more text, doc json,
          PRIMARY KEY(`a``b`), UNIQUE KEY `uni,(1)`(hidden, `a``b`), KEY `k;ey`(t(3) DESC) COMMENT 'key;''s', KEY ig(hidden) IGNORED, FULLTEXT KEY ft(t), FULLTEXT KEY ft2(t, more), KEY of_stored(stored),
          CONSTRAINT `ch``k` CHECK (hidden > 0 AND `c,(d)` <> 'no;')) COMMENT='tab;''le' ROW_FORMAT=DYNAMIC AUTO_INCREMENT=77;
        INSERT INTO {{Odd}}(`a``b`, `c,(d)`, `set`, t, hidden, body, doc) VALUES (0, '🙂', '', 'zero', 1, 'text', '{"a":1}'), (5, 'back\\slash', 'b)', 'five words here', 7, NULL, '[]');
        CREATE TABLE parent(id int PRIMARY KEY, code char(3) NOT NULL, UNIQUE KEY code_key(code)) ENGINE=InnoDB CHARSET=latin1;
        CREATE TABLE child(id bigint DEFAULT NEXTVAL(counter) PRIMARY KEY, parent int, code char(3) CHARACTER SET latin1, self bigint,
          CONSTRAINT `fk;1` FOREIGN KEY(parent) REFERENCES parent(id) ON DELETE SET NULL ON UPDATE CASCADE,
          FOREIGN KEY(code) REFERENCES parent(code), CONSTRAINT self FOREIGN KEY(self) REFERENCES child(id));
        INSERT INTO parent VALUES (1, 'abc'), (2, 'é  ');
        INSERT INTO child(parent, code, self) VALUES (1, 'é', NULL), (2, 'abc', 9);
        CREATE TABLE a_circle(id int PRIMARY KEY, other int);
        CREATE TABLE b_circle(id int PRIMARY KEY, other int, FOREIGN KEY(other) REFERENCES a_circle(id));
        ALTER TABLE a_circle ADD FOREIGN KEY(other) REFERENCES b_circle(id);
        CREATE TABLE counter_later(a int, b int AUTO_INCREMENT, c text, d int UNIQUE, PRIMARY KEY(a, c(10)), KEY first_key(d), KEY holds_counter(b), KEY last_key(c(5))) AUTO_INCREMENT=300;
        INSERT INTO counter_later VALUES (1, 200, 'x', 3), (1, 0, 'y', NULL);
        CREATE TABLE no_primary(a int NOT NULL, b int, c varchar(10) NOT NULL, KEY first_key(b), UNIQUE KEY row_key(c, a), UNIQUE KEY other_key(b));
        INSERT INTO no_primary VALUES (1, NULL, 'x'), (2, 2, 'x');
        CREATE TABLE no_key(a int);
        INSERT INTO no_key VALUES (1), (1), (NULL);
        CREATE TABLE only_generated(a int AS (1 + 1) STORED);
        INSERT INTO only_generated VALUES (), ();
        CREATE TABLE by_range(id int, name varchar(20), PRIMARY KEY(id)) PARTITION BY RANGE(id) SUBPARTITION BY HASH(id) SUBPARTITIONS 2 (PARTITION `p;0` VALUES LESS THAN (10) COMMENT 'low', PARTITION p1 VALUES LESS THAN MAXVALUE);
        INSERT INTO by_range VALUES (1, 'low'), (99, 'high');
        CREATE TABLE by_list(name varchar(10)) PARTITION BY LIST COLUMNS(name) (PARTITION p1 VALUES IN ('🙂', 'a)'), PARTITION p2 VALUES IN ('?'), PARTITION pd DEFAULT);
        INSERT INTO by_list VALUES ('🙂'), ('?'), ('else');
        CREATE TABLE by_key(id int PRIMARY KEY) PARTITION BY KEY(id) PARTITIONS 3;
        CREATE TABLE versioned(id int PRIMARY KEY, x int WITHOUT SYSTEM VERSIONING, y text, KEY of_y(y(5))) WITH SYSTEM VERSIONING;
        CREATE TABLE versioned_own(id int PRIMARY KEY, v int, since timestamp(6) GENERATED ALWAYS AS ROW START, till timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME(since, till)) WITH SYSTEM VERSIONING;
        CREATE TABLE versioned_parts(id int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION old HISTORY, PARTITION cur CURRENT);
        CREATE TABLE periods(id int, s date, e date, PERIOD FOR app(s, e), UNIQUE(id, app WITHOUT OVERLAPS), KEY plain(e));
        INSERT INTO periods VALUES (1, '2020-01-01', '2020-02-01');
        CREATE TABLE places(id int PRIMARY KEY, g geometry NOT NULL, p point, SPATIAL KEY g(g));
        INSERT INTO places VALUES (1, ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326), POINT(1, 2));
        CREATE TABLE `types`(a bit(5) DEFAULT b'101', b year, c date DEFAULT '0000-00-00', d timestamp(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3), e timestamp NULL,
          f uuid, g inet6, h inet4, i decimal(65,30) ZEROFILL, j float, k double, l varbinary(300), m binary(3), n time(6), o varchar(10) CHARACTER SET utf16, p varchar(10) CHARACTER SET sjis, q bigint UNSIGNED);
        INSERT INTO `types` VALUES (b'1', 1901, '2026-02-30', '2001-01-01 00:00:00.123', NULL, uuid(), '::1', '1.2.3.4', 1.5, 0.1, 1e300, 'a\0b', 'x', '-838:59:59', '🙂', '表', 18446744073709551615);
        CREATE TABLE `my isam`(g int NOT NULL, id int AUTO_INCREMENT, t varchar(10), PRIMARY KEY(g, id), FULLTEXT KEY(t)) ENGINE=MyISAM DELAY_KEY_WRITE=1;
        INSERT INTO `my isam`(g, t) VALUES (1, 'a'), (1, 'b'), (2, 'c');
        CREATE TABLE `merged`(g int NOT NULL, id int NOT NULL, t varchar(10), KEY(g, id)) ENGINE=MyISAM;
        CREATE TABLE merge_all(g int NOT NULL, id int NOT NULL, t varchar(10), KEY(g, id)) ENGINE=MERGE UNION=(`merged`) INSERT_METHOD=LAST;
        INSERT INTO merge_all VALUES (1, 2, 'm');
        CREATE TABLE aria(id int PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1;
        INSERT INTO aria VALUES (1);
        CREATE TABLE in_memory(id int PRIMARY KEY) ENGINE=MEMORY;
        INSERT INTO in_memory VALUES (3);
        CREATE TABLE hole(id int PRIMARY KEY) ENGINE=BLACKHOLE;
        CREATE TABLE latin(t varchar(20), u text COLLATE latin1_bin) CHARSET=latin1 COLLATE=latin1_german1_ci KEY_BLOCK_SIZE=8 ROW_FORMAT=COMPRESSED;
        INSERT INTO latin VALUES ('é', 'ü');

        CREATE TABLE shapes(id int, kind varchar(9), g geometry NOT NULL, a linestring, b polygon, c multipoint, d multilinestring, e multipolygon, f geometrycollection, PRIMARY KEY(kind(3), id DESC)) ROW_FORMAT=REDUNDANT STATS_SAMPLE_PAGES=7;
        INSERT INTO shapes VALUES (1, 'all', point(1, 2), ST_GeomFromText('LINESTRING(0 0,1 1)', 4326), ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0),(1 1,1 2,2 2,1 1))'), ST_GeomFromText('MULTIPOINT(1 1,2 2)'),
          ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')), (2, 'allo', point(0, 0), NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE hashed(id int PRIMARY KEY, t longtext, b blob, UNIQUE KEY whole(t), UNIQUE KEY two(b, id)) ROW_FORMAT=COMPACT;
        INSERT INTO hashed VALUES (1, repeat('a', 5000), 'x'), (2, NULL, NULL), (3, NULL, NULL);
        CREATE TABLE by_columns(a int, b date, PRIMARY KEY(a, b)) PARTITION BY RANGE COLUMNS(b, a) (PARTITION p0 VALUES LESS THAN ('2020-01-01', 5), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE));
        INSERT INTO by_columns VALUES (1, '2019-01-01'), (9, '2025-01-01');
        CREATE TABLE by_linear_hash(a int PRIMARY KEY) PARTITION BY LINEAR HASH(a) PARTITIONS 3;

        CREATE VIEW z_first AS SELECT id, code FROM parent WHERE code <> '🙂;';
        CREATE VIEW a_second AS SELECT z.id AS z_first, c.self AS `m_third` FROM z_first z LEFT JOIN child c ON c.parent = z.id;
        CREATE ALGORITHM=MERGE DEFINER=author@localhost SQL SECURITY INVOKER VIEW m_third AS SELECT * FROM a_second WHERE z_first IN (SELECT id FROM z_first);
        CREATE VIEW checked AS SELECT * FROM z_first WHERE id > 0 WITH CASCADED CHECK OPTION;
        CREATE ALGORITHM=TEMPTABLE VIEW recursive_one(x, `y;z`) AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, row_number() OVER (ORDER BY n DESC) FROM r;
        DELIMITER ;;
        CREATE AGGREGATE FUNCTION all_of(x int) RETURNS int DETERMINISTIC BEGIN DECLARE s int DEFAULT 0; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END;;
        CREATE VIEW a_sum AS SELECT all_of(id) AS s FROM parent;;
        CREATE DEFINER=`odd ``user`@`10.0.0.%` FUNCTION plus_one(x int) RETURNS varchar(10) CHARSET latin1 DETERMINISTIC SQL SECURITY INVOKER COMMENT 'adds; one' BEGIN /* it's; a comment */ RETURN concat(x + 1, ';'); -- ;;
          END;;
        CREATE VIEW calls AS SELECT plus_one(id) AS plus FROM parent;;
        CREATE PROCEDURE `do; ``it`(IN a int, OUT b varchar(10)) SQL SECURITY INVOKER MODIFIES SQL DATA BEGIN DECLARE t varchar(10) DEFAULT '🙂;;'; SET b = t; INSERT INTO no_key VALUES (a); END;;
        SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT';;
        CREATE PROCEDURE ansi() SELECT "id", 'back\' || 'x' FROM parent;;
        CREATE TRIGGER ansi_trigger BEFORE INSERT ON "latin" FOR EACH ROW SET new."t" = 'a\' || new."t";;
        SET sql_mode = 'ORACLE';;
        CREATE PACKAGE tools AS FUNCTION one RETURN int; END;;
        CREATE PACKAGE BODY tools AS FUNCTION one RETURN int AS BEGIN RETURN 1; END; END;;
        SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO';;
        CREATE TRIGGER second_one BEFORE INSERT ON parent FOR EACH ROW SET @second = 1;;
        CREATE DEFINER=author@localhost TRIGGER first_one BEFORE INSERT ON parent FOR EACH ROW PRECEDES second_one BEGIN SET @first = '🙂;'; END;;
        CREATE TRIGGER `after;` AFTER UPDATE ON {{Odd}} FOR EACH ROW BEGIN IF new.hidden > 1 THEN SET @x = 1; END IF; END;;
        {{Events}}
        UPDATE versioned SET x = 1;
        INSERT INTO versioned VALUES (1, 1, 'one'), (2, 2, 'two');
        UPDATE versioned SET y = 'three' WHERE id = 1;
        DELETE FROM versioned WHERE id = 2;
        INSERT INTO versioned_own(id, v) VALUES (1, 1);
        UPDATE versioned_own SET v = 2;
        INSERT INTO versioned_parts VALUES (1);
        """;
}
