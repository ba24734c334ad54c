using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Backups of some tables of a database whose tables need each other in every way: each restores, by us and by psql alone.</summary>
public sealed class PostgreSqlCreateSelectionTests(SharedServer shared) : PostgreSqlRestoreSuite(shared), IClassFixture<SharedServer>
{
    private const string Shop =
        """
        CREATE TYPE state AS ENUM ('open', 'paid');
        CREATE DOMAIN cents AS int CHECK (VALUE >= 0);
        CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
        CREATE TABLE customer(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, referrer int REFERENCES customer);
        CREATE TABLE orders(id serial PRIMARY KEY, customer int REFERENCES customer, phase state, total cents, doubled int GENERATED ALWAYS AS (twice(total)) STORED);
        CREATE TABLE item(orders int REFERENCES orders, n int, what text, PRIMARY KEY(orders, n));
        CREATE SEQUENCE shared_seq;
        CREATE TABLE alog(id int DEFAULT nextval('shared_seq'), what text);
        CREATE TABLE blog(id int DEFAULT nextval('shared_seq'), what text);
        CREATE TABLE measure(at date, v int, item int) PARTITION BY RANGE (at);
        CREATE TABLE measure_1 PARTITION OF measure FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
        CREATE TABLE measure_2 PARTITION OF measure FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (v);
        CREATE TABLE measure_2a PARTITION OF measure_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE measure_2b PARTITION OF measure_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE INDEX measure_by_v ON measure(v);
        CREATE TABLE base(a int PRIMARY KEY); CREATE TABLE derived(b int) INHERITS (base);
        CREATE SCHEMA other; CREATE TABLE other.orders(x int);
        CREATE VIEW big AS SELECT id, customer, total FROM orders WHERE total > 10;
        CREATE VIEW names AS SELECT c.name, b.total FROM big b JOIN customer c ON c.id = b.customer;
        CREATE MATERIALIZED VIEW summary AS SELECT customer, sum(total) AS total FROM orders GROUP BY 1;
        CREATE UNIQUE INDEX summary_by_customer ON summary(customer);
        CREATE MATERIALIZED VIEW of_summary AS SELECT count(*) FROM summary;
        CREATE FUNCTION label(orders) RETURNS text LANGUAGE sql AS 'SELECT $1.id::text';
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.alog(what) VALUES (TG_OP); RETURN NEW; END';
        CREATE TRIGGER noted AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION noted();
        CREATE RULE logged AS ON DELETE TO item DO ALSO INSERT INTO blog(what) VALUES (OLD.what);
        CREATE STATISTICS spread ON customer, total FROM orders;
        CREATE PUBLICATION news FOR TABLE orders, customer;
        COMMENT ON TABLE orders IS 'what was ordered'; COMMENT ON VIEW big IS 'large ones';
        GRANT SELECT ON orders, big TO PUBLIC;
        INSERT INTO customer(name, referrer) SELECT 'c' || i, CASE WHEN i > 1 THEN i - 1 END FROM generate_series(1, 20) i;
        INSERT INTO orders(customer, phase, total) SELECT i, 'paid', i * 3 FROM generate_series(1, 20) i;
        INSERT INTO item SELECT i, 1, 'thing' FROM generate_series(1, 20) i;
        INSERT INTO alog(what) SELECT 'a' FROM generate_series(1, 5); INSERT INTO blog(what) SELECT 'b' FROM generate_series(1, 5);
        INSERT INTO measure SELECT date '2026-01-01' + i, i, i FROM generate_series(0, 57) i;
        INSERT INTO base VALUES (1), (2); INSERT INTO derived VALUES (3, 3);
        INSERT INTO other.orders VALUES (1);
        SELECT lo_from_bytea(4242, 'bytes');
        REFRESH MATERIALIZED VIEW summary; REFRESH MATERIALIZED VIEW of_summary;
        """;

    public static TheoryData<string, string> Selections => new()
    {
        { "orders", "" },
        { "public.orders,customer,names", "" },
        { "alog", "" },
        { "measure_1", "" },
        { "measure_2*", "" },
        { "derived", "" },
        { "other.*,pg_largeobject", "" },
        { "o*,b*,s*", "" },
        { "*", "customer" },
        { "measure*,derived", "measure_1,base" },
        { "", "customer" },
        { "", "orders" },
        { "", "public.orders,blog" },
        { "", "measure_1,summary" },
        { "", "measure*" },
        { "", "base,pg_largeobject" },
        { "", "derived,item,alog" },
    };

    [Theory]
    [MemberData(nameof(Selections))]
    public async Task A_selection_restores_with_its_rows_by_us_and_by_psql(string include, string exclude)
    {
        DatabaseAddress source = await CreateAsync("source", Shop);
        MemoryBackup backup = await BackUpAsync(source, include, exclude);
        DatabaseAddress ours = Fixture.AddressOf("ours");
        await backup.RestoreAsync(Engine, ours, Options());
        DatabaseAddress plain = await CreateAsync("plain", Script(backup));

        Assert.Equal(await ContentAsync(ours), await ContentAsync(plain));
        IReadOnlyList<TableDigest> found = await Engine.DigestAsync(plain, default);
        Assert.Equal(backup.Contents.Tables, found.Where(digest => backup.Contents.Tables.Any(table => table.Table == digest.Table)));
        TableFilter filter = FilterOf(include, exclude);
        Assert.Equal((await Engine.DigestAsync(source, default)).Where(digest => filter.Takes(digest.Table)), backup.Contents.Tables);
        Assert.All(found.Where(digest => !filter.Takes(digest.Table)), digest => Assert.Equal(0, digest.Fingerprint.Rows));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("orders,customer", "")]
    [InlineData("", "customer")]
    [InlineData("measure*", "")]
    public async Task A_schema_alone_and_rows_alone_of_a_selection_make_it_whole_by_psql(string include, string exclude)
    {
        DatabaseAddress source = await CreateAsync("source", Shop);
        MemoryBackup whole = await BackUpAsync(source, include, exclude);
        MemoryBackup schema = await BackUpAsync(source, include, exclude, BackupScope.SchemaOnly);
        MemoryBackup rows = await BackUpAsync(source, include, exclude, BackupScope.DataOnly);
        DatabaseAddress expected = await CreateAsync("expected", Script(whole));

        DatabaseAddress plain = await CreateAsync("plain", Script(schema));
        Assert.All(await Engine.DigestAsync(plain, default), digest => Assert.Equal(0, digest.Fingerprint.Rows));
        await Server.RunAsync(plain.Database, "CREATE TABLE IF NOT EXISTS alog(what text)"); // what the trigger of rows that are not there would write to
        await Server.RunAsync(plain.Database, Script(rows));
        Assert.Equal((await Engine.DigestAsync(expected, default)).Where(digest => digest.Fingerprint.Rows > 0), (await Engine.DigestAsync(plain, default)).Where(digest => digest.Fingerprint.Rows > 0));

        const string Owned = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> 'shared_seq' ORDER BY 1";
        Assert.Equal(await Server.RunAsync(expected.Database, Owned), await Server.RunAsync(plain.Database, Owned));

        DatabaseAddress ours = Fixture.AddressOf("ours");
        await schema.RestoreAsync(Engine, ours, Options());
        await rows.RestoreAsync(Engine, ours, Options(intoExisting: true, replace: true));
        Assert.Equal((await Engine.DigestAsync(expected, default)).Where(digest => digest.Fingerprint.Rows > 0), (await Engine.DigestAsync(ours, default)).Where(digest => digest.Fingerprint.Rows > 0));
    }

    [Fact]
    public async Task What_a_selection_leaves_out_is_what_needs_it_and_nothing_else()
    {
        DatabaseAddress source = await CreateAsync("source", Shop);
        string script = Script(await BackUpAsync(source, "", "customer"));
        Assert.DoesNotContain("CREATE VIEW \"public\".\"names\"", script, StringComparison.Ordinal);
        Assert.DoesNotContain("orders_customer_fkey", script, StringComparison.Ordinal);
        foreach (string kept in new[]
        {
            "CREATE VIEW \"public\".\"big\"", "item_orders_fkey", "CREATE MATERIALIZED VIEW \"public\".\"summary\"", "REFRESH MATERIALIZED VIEW \"public\".\"of_summary\"",
            "CREATE PUBLICATION", "CREATE RULE", "CREATE TRIGGER", "CREATE STATISTICS", "what was ordered",
        })
        {
            Assert.Contains(kept, script, StringComparison.Ordinal);
        }

        string without = Script(await BackUpAsync(source, "", "summary"));
        Assert.DoesNotContain("of_summary", without, StringComparison.Ordinal);
        AiShellException root = await FailsAsync(ErrorKind.Usage, () => BackUpAsync(source, "measure", ""));
        Assert.Contains("partitioned", root.Message, StringComparison.Ordinal);
        Assert.Contains("'measure*'", root.Hint, StringComparison.Ordinal);
        await FailsAsync(ErrorKind.Usage, () => BackUpAsync(source, "", "measure_2"));
        await FailsAsync(ErrorKind.Usage, () => BackUpAsync(source, "shared_seq", ""));
    }

    [Fact]
    public async Task Rows_whose_keys_make_a_circle_are_told_and_restored_by_us()
    {
        const string Circle =
            """
            CREATE TABLE a(id int PRIMARY KEY, b int); CREATE TABLE b(id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
            """;
        DatabaseAddress source = await CreateAsync("source", Circle, "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;");
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(
            source, new SnapshotOptions(BackupFormat.Sql, BackupScope.DataOnly, TableFilter.Everything, 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(5)), default);
        Assert.Contains("'public.a', 'public.b'", Assert.Single(snapshot.Warnings), StringComparison.Ordinal);

        MemoryBackup rows = await BackUpAsync(source, "", "", BackupScope.DataOnly);
        DatabaseAddress target = await CreateAsync("target", Circle);
        await rows.RestoreAsync(Engine, target, Options(intoExisting: true));
        Assert.Equal(await ContentAsync(source), await ContentAsync(target));
        DatabaseAddress plain = await CreateAsync("plain", Circle);
        await Server.RunAsync(plain.Database, $"SET session_replication_role = replica;\n{Script(rows)}");
        Assert.Equal(await ContentAsync(source), await ContentAsync(plain));
    }

    [Fact]
    public async Task Rows_that_point_into_later_parts_of_their_own_table_are_told_and_restored_by_us()
    {
        const string Tree = "CREATE TABLE tree(id int PRIMARY KEY, next int REFERENCES tree, note text); CREATE TABLE small(id int PRIMARY KEY, next int REFERENCES small);";
        DatabaseAddress source = await CreateAsync(
            "source", Tree, "INSERT INTO tree SELECT i, CASE WHEN i < 20000 THEN i + 1 END, repeat('x', 100) FROM generate_series(1, 20000) i; INSERT INTO small VALUES (1, 2), (2, 1);");
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(
            source, new SnapshotOptions(BackupFormat.Sql, BackupScope.DataOnly, TableFilter.Everything, 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(5)), default);
        string warning = Assert.Single(snapshot.Warnings);
        Assert.Contains("'public.tree'", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("small", warning, StringComparison.Ordinal);

        MemoryBackup rows = await BackUpAsync(source, "", "", BackupScope.DataOnly);
        DatabaseAddress target = await CreateAsync("target", Tree);
        await rows.RestoreAsync(Engine, target, Options(intoExisting: true));
        Assert.Equal(await ContentAsync(source), await ContentAsync(target));
    }

    [Fact]
    public async Task Rows_that_could_not_come_back_without_a_table_that_may_not_be_read_fail_the_backup()
    {
        DatabaseAddress source = await CreateAsync("source", "CREATE TABLE base(a int); CREATE TABLE derived(b int) INHERITS (base); INSERT INTO derived VALUES (1, 2);");
        string user = $"{source.Database}_user";
        await Server.RunAsync(source.Database, $"CREATE ROLE \"{user}\" LOGIN PASSWORD 'x'; GRANT SELECT ON derived TO \"{user}\"");
        DatabaseAddress limited = Server.AddressOf(source.Database, user, "x");

        AiShellException failure = await FailsAsync(ErrorKind.Failed, () => BackUpAsync(limited, "", "base"));

        Assert.Contains("public.derived", failure.Message, StringComparison.Ordinal);
        Assert.Empty((await BackUpAsync(limited, "", "base,derived")).Contents.Tables);
    }

    [Fact]
    public async Task Large_objects_go_into_a_database_that_stands()
    {
        DatabaseAddress source = await CreateAsync("source", "SELECT lo_from_bytea(4242, 'bytes'); COMMENT ON LARGE OBJECT 4242 IS 'kept'; GRANT SELECT ON LARGE OBJECT 4242 TO PUBLIC;");
        DatabaseAddress target = await CreateAsync("target", "CREATE TABLE mine(a int); SELECT lo_from_bytea(4242, 'others'), lo_from_bytea(1, 'too');");
        MemoryBackup whole = await BackUpAsync(source);
        await FailsAsync(ErrorKind.Refused, () => whole.RestoreAsync(Engine, target, Options(intoExisting: true, tables: "pg_largeobject")));
        Assert.Contains("2 large objects", (await Engine.InspectTargetAsync(target, whole.Contents, Options(intoExisting: true, tables: "pg_largeobject"), default)).Replaced);

        await whole.RestoreAsync(Engine, target, Options(intoExisting: true, tables: "pg_largeobject", replace: true));

        Assert.Equal(await ContentAsync(source), await ContentAsync(target, "--exclude-table=mine"));
        Assert.Equal("0", await Server.RunAsync(target.Database, "SELECT count(*) FROM mine"));
    }

    private Task<MemoryBackup> BackUpAsync(DatabaseAddress source, string include, string exclude, BackupScope scope = BackupScope.All) => MemoryBackup.MakeAsync(
        Engine, source, new SnapshotOptions(BackupFormat.Sql, scope, FilterOf(include, exclude), 2, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(5)));

    private static TableFilter FilterOf(string include, string exclude) => new(Words(include), Words(exclude));

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string Script(MemoryBackup backup) => Encoding.UTF8.GetString(backup.Plain);
}
