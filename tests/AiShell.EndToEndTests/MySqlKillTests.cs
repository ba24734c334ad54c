using System.Diagnostics;

namespace AiShell.EndToEndTests;

/// <summary>kill -9 of the built binary while it reads or fills a real MariaDB server.</summary>
public sealed class MySqlKillTests : MySqlSuite
{
    private const int Kills = 12;

    private readonly Random _random = new(20261124);

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
        await Shell.ExpectAsync(null, create);
        int unfinished = await KillAsync(create, async () => await Task.FromResult(Directory.GetFiles(Shell.Repository, "manifest.json", SearchOption.AllDirectories).Length));

        Assert.True(unfinished > Kills / 4, $"Only {unfinished} kills came before the end: the test proved nothing.");
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
        await Server.RunAsync("shop", "DELETE FROM orders WHERE id > 100; DROP VIEW named; CREATE TABLE later(a int); CREATE TRIGGER late BEFORE INSERT ON later FOR EACH ROW SET NEW.a = 1;");
        string old = await ContentAsync("shop");
        string[] restore = ["backup", "restore", "latest", "-d", "shop", "--force"];
        long started = Stopwatch.GetTimestamp();
        await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", "shop/copy");
        TimeSpan whole = Stopwatch.GetElapsedTime(started);
        int unfinished = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using Process process = Shell.Start(restore);
            await Task.Delay(whole * (0.3 + (0.9 * _random.NextDouble())));
            process.Kill();
            await process.WaitForExitAsync();
            await UntilNoSessionAsync();
            string found = await ContentAsync("shop");
            if (found == old)
            {
                unfinished++;
            }
            else if (found != backedUp)
            {
                // Between the renaming and what follows it: the next run finishes it.
                await Shell.ExpectAsync(null, "connections", "--health");
                await Shell.ExpectAsync(null, restore);
                Assert.Equal(backedUp, await ContentAsync("shop"));
            }

            if (found != old)
            {
                await Server.RunAsync("shop", "DELETE FROM orders WHERE id > 100; DROP VIEW named; CREATE TABLE later(a int); CREATE TRIGGER late BEFORE INSERT ON later FOR EACH ROW SET NEW.a = 1;");
                Assert.Equal(old, await ContentAsync("shop"));
            }
        }

        Assert.True(unfinished > Kills / 4, $"Only {unfinished} kills came before the end: the test proved nothing.");
        await Shell.ExpectAsync(null, restore);
        Assert.Equal(backedUp, await ContentAsync("shop"));
        Assert.Equal("copy,shop", await DatabasesAsync());
    }

    private async Task<int> KillAsync(string[] command, Func<Task<int>> done)
    {
        long started = Stopwatch.GetTimestamp();
        await Shell.ExpectAsync(null, command);
        TimeSpan whole = Stopwatch.GetElapsedTime(started);
        int unfinished = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            int before = await done();
            using Process process = Shell.Start(command);
            await Task.Delay(whole * (0.3 + (0.7 * _random.NextDouble())));
            process.Kill();
            await process.WaitForExitAsync();
            await UntilNoSessionAsync();
            unfinished += await done() == before ? 1 : 0;
        }

        return unfinished;
    }
}
