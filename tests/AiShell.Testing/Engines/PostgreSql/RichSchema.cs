namespace AiShell.Testing.Engines.PostgreSql;

/// <summary>A database with one of nearly everything that PostgreSQL 15 has and pg_dump keeps.</summary>
public static class RichSchema
{
    public const string Roles =
        """
        DO $do$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_owner') THEN
            CREATE ROLE app_owner; CREATE ROLE app_reader; CREATE ROLE "Odd ""Role";
          END IF;
        END $do$;
        """;

    /// <summary>Run by a superuser in an empty database, after <see cref="Roles"/>; needs the extension ai_shell_test.</summary>
    public const string Sql =
        """"
        SET client_min_messages = warning;
        ALTER SCHEMA public OWNER TO app_owner;
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE, CREATE ON SCHEMA public TO app_reader;
        COMMENT ON SCHEMA public IS 'ours now';
        CREATE SCHEMA "Odd ""Schema" AUTHORIZATION "Odd ""Role";
        CREATE SCHEMA app AUTHORIZATION app_owner;
        CREATE SCHEMA ext;
        GRANT USAGE ON SCHEMA app TO app_reader WITH GRANT OPTION;

        CREATE EXTENSION hstore SCHEMA ext;
        CREATE EXTENSION citext SCHEMA ext;
        CREATE EXTENSION btree_gist SCHEMA ext;
        CREATE EXTENSION postgres_fdw SCHEMA ext;
        CREATE EXTENSION ai_shell_test SCHEMA ext;
        COMMENT ON EXTENSION hstore IS 'keys and values';
        INSERT INTO ext.setting VALUES ('user', 'kept', true);
        INSERT INTO ext.plain_config(name) VALUES ('whole');

        CREATE TYPE app.mood AS ENUM ('sad', 'it''s ok', 'happy');
        ALTER TYPE app.mood ADD VALUE 'ecstatic' AFTER 'happy';
        ALTER TYPE app.mood OWNER TO app_owner;
        CREATE TYPE app.pair AS (a int, "B b" text COLLATE "C", c int[]);
        COMMENT ON COLUMN app.pair."B b" IS 'of a composite';
        CREATE DOMAIN app.positive AS int DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
        COMMENT ON CONSTRAINT is_positive ON DOMAIN app.positive IS 'more than none';
        CREATE FUNCTION app.seconds_between(time, time) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'SELECT EXTRACT(EPOCH FROM ($1 - $2))::double precision';
        CREATE TYPE app.timerange AS RANGE (subtype = time, subtype_diff = app.seconds_between);
        CREATE TYPE app.shell;
        CREATE COLLATION app.german (provider = icu, locale = 'de-u-co-phonebk');
        CREATE COLLATION app.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

        CREATE FUNCTION app.tricky() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp COST 7 AS $$
        BEGIN
        -- ai-shell {"id":1,"kind":"TABLE","schema":"x","name":"y","needs":[],"locks":[],"bytes":5,"ownerBytes":0}
        -- database {"encoding":"SQL_ASCII"}
          RETURN $q$it's; $1 \. \restrict
        \.
        $q$;
        END $$;
        REVOKE ALL ON FUNCTION app.tricky() FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION app.tricky() TO app_reader;
        COMMENT ON FUNCTION app.tricky() IS E'two\nlines; -- ai-shell {}\n-- ai-shell {"id":2}';
        CREATE PROCEDURE app.do_nothing(INOUT x int) LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT x + 1; END;
        CREATE FUNCTION app.add_text(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $_$ SELECT coalesce($1, '') || $2 $_$;
        CREATE AGGREGATE app.glue(text) (SFUNC = app.add_text, STYPE = text, INITCOND = '');
        CREATE OPERATOR app.||| (LEFTARG = text, RIGHTARG = text, FUNCTION = app.add_text);
        ALTER OPERATOR app.||| (text, text) OWNER TO app_owner;
        CREATE FUNCTION app.mood_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
        CREATE OPERATOR FAMILY app.backwards USING btree;
        CREATE OPERATOR CLASS app.int_backwards FOR TYPE int USING btree FAMILY app.backwards AS
          OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 app.mood_cmp(int, int);
        CREATE FUNCTION app.pair_to_text(app.pair) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).a::text $$;
        CREATE CAST (app.pair AS text) WITH FUNCTION app.pair_to_text(app.pair) AS ASSIGNMENT;
        CREATE CONVERSION app.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
        CREATE TEXT SEARCH DICTIONARY app.stem (TEMPLATE = snowball, language = 'german', stopwords = 'german');
        CREATE TEXT SEARCH CONFIGURATION app.search (COPY = pg_catalog.german);
        ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR asciiword WITH app.stem;
        CREATE FUNCTION app.plcopy_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
        CREATE TRUSTED LANGUAGE plcopy HANDLER app.plcopy_handler;
        CREATE FUNCTION app.in_plcopy() RETURNS int LANGUAGE plcopy AS 'BEGIN RETURN 7; END';
        CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;

        CREATE SEQUENCE app.counter AS smallint INCREMENT -3 MINVALUE -300 MAXVALUE -1 START -1 CACHE 5 CYCLE;
        SELECT nextval('app.counter'), nextval('app.counter');
        CREATE SEQUENCE app.untouched START 42;
        CREATE UNLOGGED SEQUENCE app.volatile_counter;
        CREATE TABLE app.customer(
          id bigint GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT 10) PRIMARY KEY,
          old_serial serial NOT NULL,
          name ext.citext NOT NULL COLLATE "C" UNIQUE,
          mood app.mood DEFAULT 'happy',
          pos app.positive,
          pairs app.pair[],
          attrs ext.hstore,
          doc jsonb, plain json, body xml, raw bytea, words tsvector, query tsquery,
          during tstzrange, times app.timerange, many int4multirange,
          amount numeric(20,4), ratio real, exact double precision,
          addr inet, mac macaddr, bits bit varying, tag "char", place point, shape polygon, oidcol oid, money money,
          d date, t time, tz timetz, ts timestamp, iv interval, u uuid, arr text[][], snap pg_snapshot,
          lower_name text GENERATED ALWAYS AS (lower(name::text)) STORED,
          EXCLUDE USING gist (during WITH &&),
          CONSTRAINT amount_ok CHECK (amount > -1) NO INHERIT
        ) WITH (fillfactor = 80);
        ALTER TABLE app.customer OWNER TO app_owner;
        ALTER TABLE app.customer ALTER COLUMN raw SET STORAGE EXTERNAL, ALTER COLUMN name SET STATISTICS 500;
        ALTER TABLE app.customer ADD COLUMN dropped int, ADD COLUMN after_it text DEFAULT 'late';
        ALTER TABLE app.customer DROP COLUMN dropped;
        COMMENT ON TABLE app.customer IS 'who pays';
        COMMENT ON COLUMN app.customer.name IS 'q''uoted "name"';
        GRANT SELECT (id, name), UPDATE (mood) ON app.customer TO app_reader;
        GRANT SELECT ON app.customer TO "Odd ""Role" WITH GRANT OPTION;
        INSERT INTO app.customer(name, pairs, attrs, doc, plain, body, raw, words, query, during, times, many, amount, ratio, exact, addr, mac, bits, tag, place, shape, oidcol, money, d, t, tz, ts, iv, u, arr, snap)
          VALUES ('Ada', ARRAY[ROW(1,E'a\tb"\\',ARRAY[1,NULL])::app.pair], 'a=>1,"b c"=>NULL', '{"x": [1, 1.50, "\u00e4"]}', '{"k" : 1,"k":2}', '<a>&lt;</a>', '\x00ff0a5c', 'cat:1A dog:2', 'a & !b',
            '[2026-01-01,2026-02-01)', '[01:00,02:00)', '{[1,3),[7,9)}', 1.5000, 'NaN', '-infinity', '10.0.0.0/8', '08:00:2b:01:02:03', B'10101', 'x', '(1.1,2.2)', '((0,0),(1,1),(1,0))', 4294967295, 12.34,
            '4713-01-01 BC', '24:00', '12:00+05:30', 'infinity', '-1 mon 2 days 03:04:05.000006', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{{a,NULL},{"b,c",""}}', '10:20:10,14,15'),
          ('Bob', '{}', NULL, 'null', NULL, NULL, '', '', NULL, NULL, 'empty', '{}', 99999999.9999, 1e-30, 0.1, '::1', NULL, B'', '', NULL, NULL, 0, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, '{}', NULL);
        INSERT INTO app.customer(name) SELECT 'n' || i FROM generate_series(1, 300) i;
        DELETE FROM app.customer WHERE name = 'n7';

        CREATE TABLE app."order"(id int PRIMARY KEY, customer bigint REFERENCES app.customer ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, at date NOT NULL, parent int REFERENCES app."order", note text);
        INSERT INTO app."order" SELECT i, NULL, '2026-01-01', NULLIF(i % 5, 0), repeat('x', 3000) FROM generate_series(1, 20) i;
        CREATE INDEX ON app."order" (lower(note)) WHERE id > 3;
        CREATE UNIQUE INDEX order_cover ON app."order" (id app.int_backwards DESC NULLS LAST) INCLUDE (at);
        ALTER TABLE app."order" CLUSTER ON order_pkey;
        CREATE UNIQUE INDEX order_replica ON app."order" (id, at);
        ALTER TABLE app."order" REPLICA IDENTITY USING INDEX order_replica;
        CREATE INDEX order_gin ON app.customer USING gin (doc jsonb_path_ops);
        COMMENT ON INDEX app.order_gin IS 'an index';
        CREATE STATISTICS app.correlated (dependencies, mcv) ON id, at FROM app."order";
        CREATE STATISTICS app.expressed ON (id % 10), (lower(note)) FROM app."order";
        ALTER STATISTICS app.correlated SET STATISTICS 333;
        ALTER TABLE app."order" ADD CONSTRAINT later CHECK (id < 1000) NOT VALID;

        CREATE TABLE app.event(at timestamptz NOT NULL, kind text NOT NULL, n int) PARTITION BY RANGE (at);
        CREATE TABLE app.event_2026 PARTITION OF app.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (kind);
        CREATE TABLE app.event_2026_a PARTITION OF app.event_2026 FOR VALUES IN ('a');
        CREATE TABLE app.event_2026_rest PARTITION OF app.event_2026 DEFAULT PARTITION BY HASH (n);
        CREATE TABLE "Odd ""Schema".h0 PARTITION OF app.event_2026_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE app.h1 (n int, extra text GENERATED ALWAYS AS ('e') STORED, kind text NOT NULL, at timestamptz NOT NULL);
        ALTER TABLE app.h1 DROP COLUMN extra;
        ALTER TABLE app.event_2026_rest ATTACH PARTITION app.h1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE app.event_rest PARTITION OF app.event DEFAULT;
        ALTER TABLE app.event ADD PRIMARY KEY (at, kind, n);
        CREATE INDEX event_kind ON app.event (kind);
        CREATE INDEX only_parent ON ONLY app.event (n);
        CREATE TABLE app.refers(at timestamptz, kind text, n int, FOREIGN KEY (at, kind, n) REFERENCES app.event);
        INSERT INTO app.event SELECT '2026-01-01'::timestamptz + i * interval '5 days', chr(97 + i % 3), i FROM generate_series(1, 100) i;
        INSERT INTO app.refers SELECT * FROM app.event LIMIT 10;
        CREATE TABLE app.base(id int PRIMARY KEY, what text DEFAULT 'base' CHECK (what <> ''));
        CREATE TABLE app.derived(extra int) INHERITS (app.base);
        CREATE TABLE app.derived_twice(what text DEFAULT 'own', id int) INHERITS (app.derived);
        INSERT INTO app.base VALUES (1); INSERT INTO app.derived VALUES (2, 'two', 2); INSERT INTO app.derived_twice VALUES (3, 'three', 3);
        CREATE UNLOGGED TABLE app.unlogged(x int); INSERT INTO app.unlogged SELECT generate_series(1, 10);
        CREATE TABLE app.typed OF app.pair (PRIMARY KEY (a)); INSERT INTO app.typed VALUES (1, 'x', '{1}');
        CREATE TABLE app.no_columns(); INSERT INTO app.no_columns DEFAULT VALUES; INSERT INTO app.no_columns DEFAULT VALUES;
        CREATE TABLE app.only_generated(a int GENERATED ALWAYS AS (3) STORED); INSERT INTO app.only_generated DEFAULT VALUES;
        CREATE TABLE app.other_heap(x int) USING heap_too; INSERT INTO app.other_heap VALUES (5);
        CREATE TABLE "Odd ""Schema"."Näme with ""quotes"", \back, 'tick' 🙂" ("Col ""1" int, "select" text, "new
        line" text);
        INSERT INTO "Odd ""Schema"."Näme with ""quotes"", \back, 'tick' 🙂" VALUES (1, E'a\nb', '\.');
        CREATE TABLE "new
        line; DROP TABLE x; --"(x int); INSERT INTO "new
        line; DROP TABLE x; --" VALUES (1);

        CREATE VIEW app.v1 WITH (security_barrier) AS SELECT id, name FROM app.customer WHERE id > 0 WITH LOCAL CHECK OPTION;
        CREATE VIEW app.grouped AS SELECT id, what, count(*) AS n FROM app.base GROUP BY id;
        CREATE RECURSIVE VIEW app.numbers(n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
        ALTER VIEW app.v1 ALTER COLUMN name SET DEFAULT 'nobody';
        CREATE VIEW app.circle_a AS SELECT 1 AS x;
        CREATE VIEW app.circle_b AS SELECT x FROM app.circle_a;
        CREATE TABLE app.rule_log(x int);
        CREATE RULE note_insert AS ON INSERT TO app.circle_b DO INSTEAD INSERT INTO app.rule_log SELECT x FROM app.circle_a;
        CREATE RULE also AS ON UPDATE TO app.rule_log DO ALSO NOTIFY changed;
        CREATE FUNCTION app.instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER instead INSTEAD OF INSERT ON app.v1 FOR EACH ROW EXECUTE FUNCTION app.instead();
        CREATE FUNCTION app.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OF note OR TRUNCATE ON app."order" EXECUTE FUNCTION app.refuse();
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.customer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id > 5) EXECUTE FUNCTION app.refuse();
        ALTER TABLE app.customer ENABLE ALWAYS TRIGGER late;
        ALTER TABLE app."order" DISABLE TRIGGER refuse;
        COMMENT ON TRIGGER refuse ON app."order" IS 'off';
        CREATE FUNCTION app.row_of(app.customer) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.name::text';

        CREATE MATERIALIZED VIEW app.zz_first AS SELECT id, name FROM app.v1;
        CREATE UNIQUE INDEX ON app.zz_first (id);
        CREATE MATERIALIZED VIEW app.aa_on_it AS SELECT count(*) AS n FROM app.zz_first;
        CREATE VIEW app.between AS SELECT n FROM app.aa_on_it;
        CREATE MATERIALIZED VIEW app.mm_on_view AS SELECT n * 2 AS n FROM app.between;
        CREATE MATERIALIZED VIEW app.empty_one AS SELECT 1 AS x WITH NO DATA;
        CREATE MATERIALIZED VIEW app.grouped_m AS SELECT id, what, count(*) AS n FROM app.base GROUP BY id;
        GRANT SELECT ON app.zz_first TO app_reader;

        ALTER TABLE app.customer ENABLE ROW LEVEL SECURITY;
        ALTER TABLE app.customer FORCE ROW LEVEL SECURITY;
        CREATE POLICY mine ON app.customer AS RESTRICTIVE FOR SELECT TO app_reader, "Odd ""Role" USING (name = current_user);
        CREATE POLICY writing ON app.customer FOR INSERT WITH CHECK (amount > 0);
        COMMENT ON POLICY mine ON app.customer IS 'own rows';

        CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
        CREATE USER MAPPING FOR app_reader SERVER far OPTIONS (user 'u', password 'p''w');
        CREATE FOREIGN TABLE app.remote(id int OPTIONS (column_name 'i d'), name text NOT NULL) SERVER far OPTIONS (schema_name 's', table_name 't');
        GRANT USAGE ON FOREIGN SERVER far TO app_reader;

        CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO app.rule_log VALUES (-1); END $$;
        CREATE PUBLICATION part_of FOR TABLE app."order" (id, at) WHERE (id > 3) WITH (publish = 'insert, update');
        CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA "Odd ""Schema";
        CREATE PUBLICATION everything FOR ALL TABLES;
        ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_reader;
        ALTER DEFAULT PRIVILEGES FOR ROLE app_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE ON TYPES TO "Odd ""Role";
        REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
        GRANT USAGE ON TYPE app.mood TO app_reader;
        GRANT USAGE ON SEQUENCE app.counter TO app_reader;
        REVOKE ALL ON LANGUAGE plcopy FROM PUBLIC;
        GRANT SELECT ON pg_catalog.pg_authid TO app_reader;
        REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;

        SELECT lo_from_bytea(900001, 'small');
        SELECT lo_from_bytea(900002, string_agg(decode(md5(i::text), 'hex'), '')) FROM generate_series(1, 20000) i;
        SELECT lo_create(900003);
        SELECT lo_create(900004), lo_put(900004, 1000000, 'far away');
        SELECT lo_create(900005); BEGIN; SELECT lo_truncate64(lo_open(900005, 131072), 40960); COMMIT;
        COMMENT ON LARGE OBJECT 900001 IS 'it''s small';
        ALTER LARGE OBJECT 900001 OWNER TO app_owner;
        GRANT SELECT ON LARGE OBJECT 900001 TO app_reader;
        GRANT ALL ON LARGE OBJECT 900003 TO "Odd ""Role" WITH GRANT OPTION;
        GRANT SELECT ON LARGE OBJECT 900003 TO PUBLIC;

        CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION app.on_ddl();
        COMMENT ON EVENT TRIGGER watch IS 'sees all';
        CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION app.on_ddl();
        ALTER EVENT TRIGGER off DISABLE;
        """";

    public const string ExtensionControl = "comment = 'of the tests of ai-shell'\ndefault_version = '1.0'\nrelocatable = false\nsuperuser = false\n";

    public const string ExtensionScript =
        """
        CREATE TABLE setting(name text PRIMARY KEY, value text, by_user boolean DEFAULT true);
        INSERT INTO setting VALUES ('built in', 'not in a backup', false);
        SELECT pg_catalog.pg_extension_config_dump('setting', 'WHERE by_user');
        CREATE TABLE plain_config(id serial, name text);
        SELECT pg_catalog.pg_extension_config_dump('plain_config', '');
        SELECT pg_catalog.pg_extension_config_dump('plain_config_id_seq', '');
        CREATE TABLE internal(x int);
        INSERT INTO internal VALUES (1);
        """;
}
