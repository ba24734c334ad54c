namespace AiShell.Testing.Engines.MySql;

/// <summary>As <see cref="RichSchema"/>, of what MySQL has.</summary>
public static class MySqlRichSchema
{
    private static string Odd => $"`{RichSchema.OddTable.Replace("`", "``", StringComparison.Ordinal)}`";

    /// <summary>For the stock client as root, in an empty database. Makes the users <c>author</c> and <c>odd `user</c>, too.</summary>
    public static string Script =>
        $$"""
        CREATE USER IF NOT EXISTS author@localhost, `odd ``user`@`10.0.0.%`;
        SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00';

        CREATE TABLE {{Odd}}(
          `a``b` int AUTO_INCREMENT COMMENT 'it''s \\ a\nnew; line', `c,(d)` enum('x', '🙂', 'a,b', 'it''s', 'q?', 'back\\slash', '😀 no row has') DEFAULT '🙂', `set` set('🙂', 'b)', '?') NOT NULL DEFAULT '🙂,b)',
          t varchar(40) DEFAULT '🙂"''\\x' CHECK (t <> '🙂'), hidden int DEFAULT 5 INVISIBLE, expr varchar(30) DEFAULT (concat('🙂é', 'x;?', "\n")),
          virt varchar(60) AS (concat(t, ';🙂')) VIRTUAL, `stored` int AS (hidden + 1) STORED INVISIBLE, raw varbinary(20) DEFAULT (concat(_binary x'ff00', _latin1 x'e9', _sjis x'8a5c')), more text DEFAULT ('🙂'), doc json DEFAULT (json_array()),
          PRIMARY KEY(`a``b`), UNIQUE KEY `uni,(1)`(hidden, `a``b`), KEY `k;ey`(t(3) DESC) COMMENT 'key;''s', KEY ig(hidden) INVISIBLE, FULLTEXT KEY ft(t), FULLTEXT KEY ft2(t, more) WITH PARSER ngram, KEY of_stored(`stored`), KEY of_virtual(virt),
          KEY functional((concat(t, '🙂')), (hidden + 1) DESC), KEY many((CAST(doc->'$[*]' AS unsigned ARRAY))),
          CONSTRAINT `ch``k` CHECK (hidden > 0 AND `c,(d)` <> 'no;🙂'), CONSTRAINT lax CHECK (hidden < 7) NOT ENFORCED) COMMENT='tab;''le' ROW_FORMAT=DYNAMIC AUTO_INCREMENT=77;
        INSERT INTO {{Odd}}(`a``b`, `c,(d)`, `set`, t, hidden, doc) VALUES (0, '🙂', '', 'zero', 1, '{"a":1}'), (5, 'back\\slash', 'b)', 'five words here', 7, '[1, 2]'), (6, 'x', '?', NULL, 8, '"\\u0000 🙂 \\" é"');
        INSERT INTO {{Odd}}(`a``b`, doc) VALUES (7, '{"d": 1.5, "e": 1e300, "n": 18446744073709551615, "neg": -9223372036854775808, "t": true, "no": null}');
        CREATE TABLE parent(id int PRIMARY KEY, code char(3) NOT NULL, UNIQUE KEY code_key(code)) ENGINE=InnoDB CHARSET=latin1;
        CREATE TABLE child(id bigint AUTO_INCREMENT PRIMARY KEY, parent int, code char(3) CHARACTER SET latin1, self bigint,
          CONSTRAINT `fk;1` FOREIGN KEY(parent) REFERENCES parent(id) ON DELETE SET NULL ON UPDATE CASCADE,
          FOREIGN KEY(code) REFERENCES parent(code), CONSTRAINT self FOREIGN KEY(self) REFERENCES child(id));
        INSERT INTO parent VALUES (1, 'abc'), (2, 'é  ');
        INSERT INTO child(parent, code, self) VALUES (1, 'é', NULL), (2, 'abc', 1);
        CREATE TABLE a_circle(id int PRIMARY KEY, other int);
        CREATE TABLE b_circle(id int PRIMARY KEY, other int, FOREIGN KEY(other) REFERENCES a_circle(id));
        ALTER TABLE a_circle ADD FOREIGN KEY(other) REFERENCES b_circle(id);
        CREATE TABLE counter_later(a int, b int AUTO_INCREMENT, c varchar(90), d int UNIQUE, PRIMARY KEY(a, c(10)), KEY first_key(d), KEY holds_counter(b), KEY last_key(c(5))) AUTO_INCREMENT=300;
        INSERT INTO counter_later VALUES (1, 200, 'x', 3), (1, 0, 'y', NULL);
        CREATE TABLE no_primary(a int NOT NULL, b int, c varchar(10) NOT NULL, KEY first_key(b), UNIQUE KEY row_key(c, a), UNIQUE KEY other_key(b), UNIQUE KEY functional(a, (b + 1)));
        INSERT INTO no_primary VALUES (1, NULL, 'x'), (2, 2, 'x');
        CREATE TABLE no_key(a int);
        INSERT INTO no_key VALUES (1), (1), (NULL);
        SET sql_generate_invisible_primary_key = 1;
        CREATE TABLE given_key(a int);
        SET sql_generate_invisible_primary_key = 0;
        INSERT INTO given_key VALUES (1), (1), (NULL);
        CREATE TABLE only_generated(a int AS (1 + 1) STORED);
        INSERT INTO only_generated VALUES (), ();
        CREATE TABLE by_range(id int, name varchar(20), PRIMARY KEY(id)) PARTITION BY RANGE(id) SUBPARTITION BY HASH(id) SUBPARTITIONS 2 (PARTITION `p;0` VALUES LESS THAN (10) COMMENT 'low', PARTITION p1 VALUES LESS THAN MAXVALUE);
        INSERT INTO by_range VALUES (1, 'low'), (99, 'high');
        CREATE TABLE by_list(name varchar(10)) PARTITION BY LIST COLUMNS(name) (PARTITION p1 VALUES IN ('🙂', 'a)'), PARTITION p2 VALUES IN ('?'));
        INSERT INTO by_list VALUES ('🙂'), ('?'), ('a)');
        CREATE TABLE by_key(id int PRIMARY KEY) PARTITION BY KEY(id) PARTITIONS 3;
        CREATE TABLE by_linear_hash(a int PRIMARY KEY) PARTITION BY LINEAR HASH(a) PARTITIONS 3;
        CREATE TABLE by_columns(a int, b date, PRIMARY KEY(a, b)) PARTITION BY RANGE COLUMNS(b, a) (PARTITION p0 VALUES LESS THAN ('2020-01-01', 5), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE));
        INSERT INTO by_columns VALUES (1, '2019-01-01'), (9, '2025-01-01');
        CREATE TABLE places(id int PRIMARY KEY, g geometry NOT NULL SRID 4326, p point, h geometry NOT NULL SRID 0, SPATIAL KEY g(g), SPATIAL KEY h(h));
        INSERT INTO places VALUES (1, ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))', 4326), POINT(1, 2), POINT(3, 4));
        CREATE TABLE shapes(id int, kind varchar(9), g geometry NOT NULL, a linestring, b polygon, c multipoint, d multilinestring, e multipolygon, f geometrycollection, PRIMARY KEY(kind(3), id DESC)) ROW_FORMAT=REDUNDANT STATS_SAMPLE_PAGES=7;
        INSERT INTO shapes VALUES (1, 'all', point(1, 2), ST_GeomFromText('LINESTRING(0 0,1 1)', 4326), ST_GeomFromText('POLYGON((0 0,0 3,3 3,0 0),(1 1,1 2,2 2,1 1))'), ST_GeomFromText('MULTIPOINT(1 1,2 2)'),
          ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')), (2, 'allo', point(0, 0), NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE `types`(a bit(5) DEFAULT b'101', b year, c date DEFAULT '0000-00-00', d timestamp(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3), e timestamp NULL, f vector(3), i decimal(65,30) UNSIGNED ZEROFILL, j float, k double, l varbinary(300), m binary(3) DEFAULT 'a', n time(6),
          o varchar(10) CHARACTER SET utf16 DEFAULT '表', p varchar(10) CHARACTER SET sjis, q bigint UNSIGNED, r enum('é', '表') CHARACTER SET utf16, s varchar(9) CHARACTER SET utf8mb3, u char(9) CHARACTER SET gb18030, v tinyint(1), w int(5) unsigned zerofill, x float(7,3), y varchar(9) COLLATE utf8mb4_ja_0900_as_cs_ks, z date DEFAULT (curdate() + interval 1 day));
        INSERT INTO `types` VALUES (b'1', 1901, '2026-02-30', '2001-01-01 00:00:00.123', NULL, to_vector('[1, -2.5, 3e-30]'), '1.2', 1.5, 0.1, 'a\0b', 'x', '-838:59:59', '🙂', '表', 18446744073709551615, '表', 'é', '🙂', 1, 42, 1.25, 'は', '2001-01-01');
        CREATE TABLE `my isam`(g int NOT NULL, id int AUTO_INCREMENT, t varchar(10), PRIMARY KEY(g, id), FULLTEXT KEY(t)) ENGINE=MyISAM DELAY_KEY_WRITE=1;
        INSERT INTO `my isam`(g, t) VALUES (1, 'a'), (1, 'b'), (2, 'c');
        CREATE TABLE in_memory(id int PRIMARY KEY) ENGINE=MEMORY;
        INSERT INTO in_memory VALUES (3);
        CREATE TABLE as_csv(id int NOT NULL, t varchar(20) NOT NULL) ENGINE=CSV;
        INSERT INTO as_csv VALUES (3, 'a,"b');
        CREATE TABLE archived(id int, t text) ENGINE=ARCHIVE;
        INSERT INTO archived VALUES (3, 'old');
        CREATE TABLE latin(t varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci, u text COLLATE latin1_bin) CHARSET=latin1 COLLATE=latin1_german1_ci KEY_BLOCK_SIZE=8 ROW_FORMAT=COMPRESSED;
        INSERT INTO latin VALUES ('é', 'ü');
        CREATE TABLE hinted(id int PRIMARY KEY, t varchar(9)) COMPRESSION='zlib' STATS_PERSISTENT=1 MAX_ROWS=5 AVG_ROW_LENGTH=9;
        INSERT INTO hinted VALUES (1, 'x');
        ANALYZE TABLE hinted UPDATE HISTOGRAM ON t;

        CREATE VIEW z_first AS SELECT id, code FROM parent WHERE code <> '🙂;';
        CREATE VIEW a_second AS SELECT z.id AS z_first, c.self AS `m_third` FROM z_first z LEFT JOIN child c ON c.parent = z.id;
        CREATE ALGORITHM=MERGE DEFINER=author@localhost SQL SECURITY INVOKER VIEW m_third AS SELECT * FROM a_second WHERE z_first IN (SELECT id FROM z_first);
        CREATE VIEW checked AS SELECT * FROM z_first WHERE id > 0 WITH CASCADED CHECK OPTION;
        CREATE ALGORITHM=TEMPTABLE VIEW recursive_one(x, `y;z`) AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n, row_number() OVER (ORDER BY n DESC) FROM r;
        CREATE VIEW laterals AS SELECT p.id, j.v FROM parent p, LATERAL (SELECT max(id) AS v FROM child WHERE child.parent = p.id) j;
        CREATE VIEW json_rows AS SELECT o.v FROM {{Odd}} t, JSON_TABLE(t.doc, '$[*]' COLUMNS(v int PATH '$')) o;
        CREATE VIEW row_values(a, b) AS VALUES ROW(1, '🙂'), ROW(2, 'y');
        DELIMITER ;;
        CREATE DEFINER=`odd ``user`@`10.0.0.%` FUNCTION plus_one(x int) RETURNS varchar(10) CHARSET latin1 DETERMINISTIC SQL SECURITY INVOKER COMMENT 'adds; one' BEGIN /* it's; a comment */ RETURN concat(x + 1, ';'); -- ;;
          END;;
        CREATE VIEW calls AS SELECT plus_one(id) AS plus FROM parent;;
        CREATE PROCEDURE `do; ``it`(IN a int, OUT b varchar(10)) SQL SECURITY INVOKER MODIFIES SQL DATA BEGIN DECLARE t varchar(10) DEFAULT '🙂;;'; SET b = t; INSERT INTO no_key VALUES (a); END;;
        SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT';;
        CREATE PROCEDURE ansi() SELECT "id", 'back\' || 'x' FROM parent;;
        CREATE TRIGGER ansi_trigger BEFORE INSERT ON "latin" FOR EACH ROW SET new."t" = 'a\' || new."t";;
        SET sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO';;
        CREATE TRIGGER second_one BEFORE INSERT ON parent FOR EACH ROW SET @second = 1;;
        CREATE DEFINER=author@localhost TRIGGER first_one BEFORE INSERT ON parent FOR EACH ROW PRECEDES second_one BEGIN SET @first = '🙂;'; END;;
        CREATE TRIGGER `after;` AFTER UPDATE ON {{Odd}} FOR EACH ROW BEGIN IF new.hidden > 1 THEN SET @x = 1; END IF; END;;
        {{RichSchema.Events}}
        """;
}
