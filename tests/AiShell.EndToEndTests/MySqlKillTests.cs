namespace AiShell.EndToEndTests;

/// <summary>kill -9 of the built binary while it reads or fills a real MariaDB server.</summary>
public sealed class MySqlKillTests : MySqlSuite
{
    private const int Kills = 8;

    private const string Changes = "DELETE FROM orders WHERE id > 100; DROP VIEW named; CREATE TABLE later(a int); CREATE TRIGGER late BEFORE INSERT ON later FOR EACH ROW SET NEW.a = 1;";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await CreateAsync(
            "shop",
            """
            CREATE TABLE customer(id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), KEY(name)); INSERT INTO customer(name) SELECT concat('name ', seq) FROM seq_1_to_100000;
            CREATE TABLE orders(id int PRIMARY KEY, note text, customer int, FOREIGN KEY (customer) REFERENCES customer(id)); INSERT INTO orders SELECT seq, repeat(md5(seq), 8), seq FROM seq_1_to_50000;
            CREATE VIEW named AS SELECT o.id, c.name FROM orders o JOIN customer c ON c.id = o.customer;
            CREATE TRIGGER noted BEFORE UPDATE ON customer FOR EACH ROW SET NEW.name = concat(NEW.name, ' ');
            """);
        await Shell.ExpectAsync(null, "connect", Url("shop"), "--name", "shop");
    }

    [Fact]
    public async Task Killing_a_backup_leaves_no_session_and_no_half_backup_and_the_next_one_works()
    {
        string[] create = ["backup", "create", "-d", "shop", "--jobs", "2"];
        RandomKills kills = new(Shell, from: 0.3);
        await kills.MeasureAsync(create);
        int backups = Shell.Backups;
        await kills.KillAsync(Kills, _ => create, enough: (Kills / 4) + 1, async _ =>
        {
            await UntilNoSessionAsync();
            return backups == (backups = Shell.Backups);
        });

        await Shell.ExpectAsync(null, "backup", "verify", "--all", "--deep");
        await Shell.ExpectAsync(null, [.. create, "--verify", "--lock-wait", "0s"]);
        await Shell.ExpectAsync(null, "repo", "gc");
        Assert.Empty((await Shell.JsonAsync(null, "repo", "check")).GetProperty("orphans").EnumerateArray());
    }

    [Fact]
    public async Task Killing_a_restore_leaves_the_target_old_or_new_and_the_next_one_works()
    {
        await Shell.ExpectAsync(null, "backup", "create", "-d", "shop");
        string backedUp = await ContentAsync("shop");
        await Server.RunAsync("shop", Changes);
        string old = await ContentAsync("shop");
        string[] restore = ["backup", "restore", "latest", "-d", "shop", "--force"];
        RandomKills kills = new(Shell, from: 0.3);
        await kills.MeasureAsync("backup", "restore", "latest", "-d", "shop/copy");
        await kills.KillAsync(Kills, _ => restore, enough: (Kills / 4) + 1, async _ =>
        {
            await UntilNoSessionAsync();
            string found = await ContentAsync("shop");
            if (found == old)
            {
                return true;
            }

            if (found != backedUp)
            {
                // Between the renaming and what follows it: the next run finishes it.
                await Shell.ExpectAsync(null, "connections", "--health");
                await Shell.ExpectAsync(null, restore);
                Assert.Equal(backedUp, await ContentAsync("shop"));
            }

            await Server.RunAsync("shop", Changes);
            Assert.Equal(old, await ContentAsync("shop"));
            return false;
        });

        await Shell.ExpectAsync(null, restore);
        Assert.Equal(backedUp, await ContentAsync("shop"));
        Assert.Equal("copy,shop", await DatabasesAsync());
    }
}
