namespace AiShell.Testing.Engines.PostgreSql;

/// <summary>A database of what every PostgreSQL from 15 on has without contributed modules, and how to see its shape in the same words on all of them.</summary>
public static class PortableSchema
{
    public const string Roles = "CREATE ROLE shop_owner; CREATE ROLE shop_reader;";

    /// <summary>Run by a superuser in an empty database, after <see cref="Roles"/>.</summary>
    public const string Sql =
        """
        CREATE SCHEMA app AUTHORIZATION shop_owner;
        GRANT USAGE ON SCHEMA app TO shop_reader;
        CREATE TYPE app.mood AS ENUM ('sad', 'happy');
        CREATE TYPE app.pair AS (a int, b text);
        CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
        CREATE TYPE app.span AS RANGE (subtype = time);
        CREATE COLLATION app.plain (provider = libc, locale = 'C');
        CREATE SEQUENCE app.counter INCREMENT 5;
        SELECT nextval('app.counter'), nextval('app.counter');
        CREATE TABLE app.customer(
          id bigint GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY, name text NOT NULL UNIQUE, mood app.mood DEFAULT 'happy', pos app.positive, pairs app.pair[],
          doc jsonb, plain json, body xml, raw bytea, words tsvector, spans tsrange, many int4multirange, amount numeric, exact float8, d date, iv interval, u uuid,
          bits bit(3), addr inet, money money, lower_name text COLLATE app.plain GENERATED ALWAYS AS (lower(name)) STORED, CONSTRAINT amount_ok CHECK (amount > -100));
        ALTER TABLE app.customer OWNER TO shop_owner;
        INSERT INTO app.customer(name, pos, pairs, doc, plain, body, raw, words, spans, many, amount, exact, d, iv, u, bits, addr, money)
          SELECT 'Zoë ' || i, i, ARRAY[ROW(i, E'a\tb"')::app.pair], jsonb_build_object('i', i, 'n', NULL), '{"k" : 1,"k":2}', '<a>&lt;</a>', decode(md5(i::text), 'hex'), to_tsvector('simple', 'n' || i),
            '[2026-01-01,2026-02-01)', '{[1,3),[7,9)}', i / 7.0, CASE i % 3 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' ELSE i / 3.0 END, CASE i % 3 WHEN 0 THEN '0044-03-15 BC'::date ELSE 'infinity' END,
            '-1 mon 2 days 03:04:05.000006', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'101', '10.0.0.0/8', 12.34 FROM generate_series(1, 400) i;
        COMMENT ON COLUMN app.customer.name IS 'whose';
        CREATE INDEX customer_amount ON app.customer (amount DESC NULLS LAST) INCLUDE (id) WHERE amount > 1;
        CREATE INDEX customer_doc ON app.customer USING gin (doc jsonb_path_ops);
        CREATE INDEX customer_lower ON app.customer (upper(name));
        CREATE STATISTICS app.together (dependencies) ON d, amount FROM app.customer;
        CREATE TABLE app.event(at date NOT NULL, kind text NOT NULL, customer bigint REFERENCES app.customer ON DELETE CASCADE DEFERRABLE) PARTITION BY RANGE (at);
        CREATE TABLE app.event_2026 PARTITION OF app.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (kind);
        CREATE TABLE app.event_2026_a PARTITION OF app.event_2026 FOR VALUES IN ('a');
        CREATE TABLE app.event_rest PARTITION OF app.event DEFAULT;
        CREATE INDEX event_at ON app.event (at);
        INSERT INTO app.event SELECT CASE WHEN i % 2 = 0 THEN '2026-05-05' ELSE '2020-01-01' END::date, 'a', 7 + i FROM generate_series(1, 50) i;
        CREATE TABLE app.base(id int PRIMARY KEY, what text DEFAULT 'base');
        CREATE TABLE app.derived(extra int) INHERITS (app.base);
        INSERT INTO app.base VALUES (1); INSERT INTO app.derived VALUES (2, 'two', 2);
        CREATE UNLOGGED TABLE app.quick(x int); INSERT INTO app.quick SELECT generate_series(1, 10);
        CREATE TABLE app.paid(id serial PRIMARY KEY, note text); INSERT INTO app.paid(note) VALUES (''), (NULL), (E'\\N\n\t');
        CREATE VIEW app.rich WITH (security_barrier) AS SELECT id, name FROM app.customer WHERE amount > 10;
        CREATE MATERIALIZED VIEW app.aa_total AS SELECT count(*) AS n FROM app.rich;
        CREATE UNIQUE INDEX ON app.aa_total (n);
        CREATE MATERIALIZED VIEW app.zz_double AS SELECT n * 2 AS n FROM app.aa_total;
        CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, 'none'); RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE INSERT ON app.paid FOR EACH ROW EXECUTE FUNCTION app.touch();
        CREATE PROCEDURE app.nothing() LANGUAGE sql BEGIN ATOMIC SELECT 1; END;
        CREATE AGGREGATE app.total(numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0');
        CREATE RULE also AS ON DELETE TO app.quick DO ALSO NOTIFY changed;
        ALTER TABLE app.paid ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON app.paid FOR SELECT TO shop_reader USING (note <> '');
        GRANT SELECT ON app.rich TO shop_reader; GRANT SELECT (id, name) ON app.customer TO shop_reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO shop_reader;
        CREATE PUBLICATION some_rows FOR TABLE app.customer (id, name) WHERE (id > 3);
        CREATE TEXT SEARCH CONFIGURATION app.search (COPY = pg_catalog.simple);
        SELECT lo_from_bytea(900001, 'small'); SELECT lo_create(900002), lo_put(900002, 100000, 'far');
        COMMENT ON LARGE OBJECT 900001 IS 'it''s small'; GRANT SELECT ON LARGE OBJECT 900001 TO shop_reader;
        """;

    /// <summary>One line for each object; what versions print in other words (views' queries, NOT NULL as constraints, MAINTAIN of 17) is asked for otherwise.</summary>
    public const string Shape =
        """
        SET search_path = ''; SET TimeZone = 'UTC';
        SELECT 'column', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum), a.attacl
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
          WHERE c.relnamespace = 'app'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 ORDER BY c.relname, a.attnum;
        SELECT 'relation', relname, relkind, relpersistence, relowner::regrole, relrowsecurity, replace(relacl::text, 'Dxtm', 'Dxt'), reloptions, pg_get_expr(relpartbound, oid) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind <> 'c' ORDER BY relname;
        SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE connamespace = 'app'::regnamespace AND contype <> 'n' ORDER BY conname, conrelid::regclass::text;
        SELECT 'index', pg_get_indexdef(indexrelid), indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'app'::regnamespace ORDER BY c.relname;
        SELECT 'sequence', schemaname, sequencename, last_value, increment_by FROM pg_sequences ORDER BY 3;
        SELECT 'function', proname, prokind, provolatile, prosrc FROM pg_proc WHERE pronamespace = 'app'::regnamespace ORDER BY 2, 5;
        SELECT 'trigger', tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2;
        SELECT 'policy', polname, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 2;
        SELECT 'rule', rulename, ev_type FROM pg_rewrite WHERE rulename <> '_RETURN' AND ev_class::regclass::text LIKE 'app.%' ORDER BY 2;
        SELECT 'parent', inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits ORDER BY 2, 3;
        SELECT 'type', typname, typtype, (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) FROM pg_type t WHERE typnamespace = 'app'::regnamespace AND typtype IN ('e', 'd', 'r', 'm') ORDER BY 2;
        SELECT 'other', stxname::text FROM pg_statistic_ext UNION ALL SELECT 'other', pubname FROM pg_publication UNION ALL SELECT 'other', cfgname FROM pg_ts_config WHERE cfgnamespace = 'app'::regnamespace
          UNION ALL SELECT 'other', collname FROM pg_collation WHERE collnamespace = 'app'::regnamespace UNION ALL SELECT 'other', defaclacl::text FROM pg_default_acl ORDER BY 2;
        SELECT 'schema', nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname IN ('app', 'public') ORDER BY 2;
        SELECT 'view', (SELECT count(*) FROM app.rich), (SELECT n FROM app.aa_total), (SELECT n FROM app.zz_double);
        SELECT 'large object', oid, lomacl, md5(lo_get(oid)), obj_description(oid, 'pg_largeobject') FROM pg_largeobject_metadata ORDER BY 2;
        SELECT 'database', pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database();
        """;
}
