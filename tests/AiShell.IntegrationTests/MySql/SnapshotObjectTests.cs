using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

/// <summary>Which objects a backup holds, and what it says of them.</summary>
public sealed class SnapshotObjectTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    [Fact]
    public async Task Views_of_tables_that_are_left_out_are_left_out_and_so_are_keys_to_them()
    {
        DatabaseAddress source = await CreateAsync(
            """
            CREATE SEQUENCE used; CREATE SEQUENCE unused;
            CREATE TABLE a(id int DEFAULT NEXTVAL(used) PRIMARY KEY); CREATE TABLE b(id int PRIMARY KEY, a int REFERENCES a(id)); CREATE TABLE c(id int, b int, FOREIGN KEY(b) REFERENCES b(id), a int, FOREIGN KEY(a) REFERENCES a(id));
            CREATE VIEW of_a AS SELECT id FROM a; CREATE VIEW of_b AS SELECT id AS of_a FROM b; CREATE VIEW of_both AS SELECT of_b.of_a FROM of_b, of_a; CREATE VIEW over_it AS SELECT * FROM of_both;
            CREATE TRIGGER on_a BEFORE INSERT ON a FOR EACH ROW SET @x = 1; CREATE TRIGGER on_b BEFORE INSERT ON b FOR EACH ROW SET @x = 1; CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
            """);

        await using ISnapshot most = await Engine.OpenSnapshotAsync(source, Options(tables: new TableFilter([], ["b"])), default);
        await using ISnapshot few = await Engine.OpenSnapshotAsync(source, Options(tables: new TableFilter(["b", "of_b"], [])), default);
        MemoryBackup without = await MemoryBackup.WriteAsync(Engine, most, Options());
        MemoryBackup only = await MemoryBackup.WriteAsync(Engine, few, Options());
        Assert.Equal("indexes 3, foreign keys 1, sequences 2, views 1, functions 0, procedures 0, libraries 0, packages 0, triggers 1, events 0", Counts(most));
        Assert.Equal("indexes 2, foreign keys 0, sequences 0, views 1, functions 0, procedures 0, libraries 0, packages 0, triggers 1, events 0", Counts(few));

        Assert.Equal(["a", "c", "of_a", "unused", "used"], await RelationsAsync(await RestoreByClientAsync(without)));
        Assert.Equal(["b", "of_b"], await RelationsAsync(await RestoreByClientAsync(only)));
        string text = Encoding.UTF8.GetString(without.Plain);
        Assert.Contains("c_ibfk_2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("c_ibfk_1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("on_b", text, StringComparison.Ordinal);
        Assert.DoesNotContain("FUNCTION", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_that_cannot_be_made_any_more_is_left_out_and_told()
    {
        DatabaseAddress source = await CreateAsync(
            """
            CREATE TABLE a(id int); CREATE TABLE gone(id int); CREATE VIEW broken AS SELECT id FROM gone; CREATE VIEW reads_it AS SELECT id FROM broken; DROP TABLE gone;
            CREATE USER IF NOT EXISTS nobody@localhost; CREATE DEFINER=nobody@localhost VIEW without_rights AS SELECT id FROM a;
            """);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(), default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options());

        Assert.Equal(["a", "without_rights"], await RelationsAsync(await RestoreByClientAsync(backup)));
        Assert.Equal(2, snapshot.Warnings.Count);
        Assert.Contains("'broken'", snapshot.Warnings[0], StringComparison.Ordinal);
        Assert.Equal(["nobody@localhost"], snapshot.Requires["users"]);
    }

    [Fact]
    public async Task Tables_without_rows_of_their_own_are_in_no_digest_and_are_backed_up_without_rows()
    {
        await Server.RunAsync("", "INSTALL SONAME 'ha_blackhole'");
        DatabaseAddress source = await CreateAsync(
            """
            CREATE TABLE a(id int) ENGINE=MyISAM; INSERT INTO a VALUES (1), (2); CREATE TABLE merged(id int) ENGINE=MERGE UNION=(a); CREATE TABLE hole(id int) ENGINE=BLACKHOLE; CREATE SEQUENCE s; CREATE VIEW v AS SELECT id FROM a;
            """);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(), default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options());
        IReadOnlyList<TableDigest> digests = await Engine.DigestAsync(source, default);
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal("a", Assert.Single(digests).Table.Name);
        Assert.Equal(digests, backup.Contents.Tables);
        Assert.Equal(2, snapshot.Warnings.Count);
        Assert.Equal(["a", "hole", "merged", "s", "v"], await RelationsAsync(copy));
        Assert.Equal("1\n2", await Server.RunAsync(copy, "SELECT id FROM merged ORDER BY id"));
    }

    [Fact]
    public async Task A_table_that_is_said_to_be_left_out_if_it_cannot_be_backed_up_can_be_left_out()
    {
        DatabaseAddress source = await CreateAsync(
            """
            CREATE TABLE whole(id int PRIMARY KEY); INSERT INTO whole VALUES (1); CREATE TABLE damaged(id int) ENGINE=MyISAM; INSERT INTO damaged VALUES (1); FLUSH TABLES;
            CREATE TABLE by_transactions(a int, s bigint unsigned GENERATED ALWAYS AS ROW START, e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME(s, e)) WITH SYSTEM VERSIONING;
            """);
        File.Delete(Path.Combine(Server.DataFolder, source.Database, "damaged.MYI"));
        string[] without = ["damaged", "by_transactions"];
        foreach (string table in without)
        {
            TableFilter others = new([], [.. without.Except([table])]);
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(source, Options(tables: others) with { WithHistory = true }));
            Assert.Contains(table, failure.Message, StringComparison.Ordinal);
            Assert.Contains("--exclude-tables", failure.Hint, StringComparison.Ordinal);
        }

        MemoryBackup backup = await BackUpAsync(source, Options(tables: new TableFilter([], without)) with { WithHistory = true });

        Assert.Equal("whole", Assert.Single(backup.Contents.Tables).Table.Name);
        Assert.Equal("1", await Server.RunAsync(await RestoreByClientAsync(backup), "SELECT id FROM whole"));
    }

    [Fact]
    public async Task A_schema_alone_begins_its_numbers_anew()
    {
        DatabaseAddress source = await CreateAsync("CREATE TABLE a(id int AUTO_INCREMENT PRIMARY KEY, t text) COMMENT='AUTO_INCREMENT=5'; INSERT INTO a VALUES (41, 'x'); CREATE SEQUENCE s; DO NEXTVAL(s)");

        string copy = await RestoreByClientAsync(await BackUpAsync(source, Options(scope: BackupScope.SchemaOnly)));

        Assert.Equal("1", await Server.RunAsync(copy, "INSERT INTO a(t) VALUES ('y'); SELECT id FROM a"));
        Assert.Equal("1", await Server.RunAsync(copy, "SELECT NEXTVAL(s)"));
        Assert.Contains("COMMENT='AUTO_INCREMENT=5'", await Server.RunAsync(copy, "SHOW CREATE TABLE a"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accounts_and_grants_come_with_globals_and_name_no_database()
    {
        string mark = $"g{Guid.NewGuid().ToString("N")[..8]}";
        DatabaseAddress source = await CreateAsync(
            $"""
            CREATE TABLE a(id int, t text); CREATE PROCEDURE p() SELECT 1;
            CREATE USER {mark}_app@'%' IDENTIFIED BY 'secret' REQUIRE SSL WITH MAX_USER_CONNECTIONS 5; CREATE USER `{mark} odd``'u`@`10.%` IDENTIFIED BY 'x'; CREATE USER {mark}_other@localhost; CREATE ROLE {mark}_role; CREATE ROLE {mark}_deep;
            """);
        await Server.RunAsync(
            source.Database,
            $"""
            GRANT SELECT, INSERT ON `{source.Database}`.* TO {mark}_app@'%' WITH GRANT OPTION; GRANT PROCESS ON *.* TO {mark}_app@'%'; GRANT SELECT(id), UPDATE(id, t) ON `{source.Database}`.a TO `{mark} odd``'u`@`10.%`;
            GRANT EXECUTE ON PROCEDURE `{source.Database}`.p TO {mark}_role; GRANT {mark}_deep TO {mark}_role; GRANT {mark}_role TO {mark}_app@'%'; SET DEFAULT ROLE {mark}_role FOR {mark}_app@'%';
            GRANT ALL ON mysql.* TO {mark}_other@localhost; GRANT SELECT ON mysql.* TO {mark}_app@'%'; GRANT DELETE ON `{source.Database[..^1]}_`.* TO {mark}_deep;
            """);
        string[] accounts = [$"{mark}_app@'%'", $"`{mark} odd``'u`@`10.%`", $"{mark}_role", $"{mark}_deep"];
        string[] before = await GrantsAsync(accounts, source.Database);

        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options() with { WithGlobals = true }, default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, Options() with { WithGlobals = true });
        await Server.RunAsync("", $"DROP USER {mark}_app@'%', `{mark} odd``'u`@`10.%`, {mark}_other@localhost; DROP ROLE {mark}_role, {mark}_deep");
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(PartPhase.Globals, snapshot.Steps[0].Phase);
        Assert.Equal([$"{mark} odd`'u@10.%", $"{mark}_app@%"], snapshot.Globals["users"].Where(user => user.StartsWith(mark, StringComparison.Ordinal)));
        Assert.Equal([$"{mark}_deep", $"{mark}_role"], snapshot.Globals["roles"].Where(role => role.StartsWith(mark, StringComparison.Ordinal)));
        Assert.DoesNotContain(source.Database, backup.Statements(), StringComparison.Ordinal);
        Assert.Equal(before, await GrantsAsync(accounts, copy));
        await Server.RunAsync("", $"DROP USER {mark}_app@'%', `{mark} odd``'u`@`10.%`; DROP ROLE {mark}_role, {mark}_deep");
    }

    /// <summary>What they are and may do in one database, without its name; not in others.</summary>
    private async Task<string[]> GrantsAsync(string[] accounts, string database)
    {
        StringBuilder all = new();
        foreach (string account in accounts)
        {
            all.AppendLine(await Server.RunAsync("", account.Contains('@', StringComparison.Ordinal) ? $"SHOW CREATE USER {account}; SHOW GRANTS FOR {account}" : $"SHOW GRANTS FOR {account}"));
        }

        return
        [
            .. all.ToString().Replace($"{database[..^1]}_", "(db)", StringComparison.Ordinal).Replace(database, "(db)", StringComparison.Ordinal)
                .Split('\n').Where(line => !line.Contains("`mysql`.", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        ];
    }

    private static string Counts(ISnapshot snapshot) => string.Join(", ", snapshot.Objects.Select(kind => $"{kind.Key} {kind.Value}"));

    private async Task<string[]> RelationsAsync(string database) =>
        (await Server.RunAsync("", $"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}' ORDER BY 1")).Split('\n');
}
