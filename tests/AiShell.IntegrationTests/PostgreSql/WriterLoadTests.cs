using System.Globalization;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Money moves between tables as fast as the server can while they are backed up: every copy holds the books of one moment.</summary>
public sealed class WriterLoadTests() : PostgreSqlRestoreSuite(null)
{
    private const int Backups = 3;
    private const int Accounts = 20_000;
    private const int SecondsOfLoad = 1200; // it is stopped when the backups are made

    private const string Bank =
        """
        CREATE TABLE account(id int PRIMARY KEY, balance bigint NOT NULL, filler text NOT NULL) WITH (fillfactor = 90);
        CREATE TABLE savings(id int PRIMARY KEY, balance bigint NOT NULL);
        CREATE TABLE ledger(id bigserial PRIMARY KEY, account int NOT NULL REFERENCES account, savings int NOT NULL REFERENCES savings, amount bigint NOT NULL);
        INSERT INTO account SELECT i, 1000, repeat('x', 400) FROM generate_series(1, 20000) i;
        INSERT INTO savings SELECT i, 1000 FROM generate_series(1, 500) i;
        """;

    private const string Transfer =
        """
        \set a random(1, 20000)
        \set s random(1, 500)
        \set amount random(-50, 50)
        BEGIN;
        UPDATE account SET balance = balance - :amount WHERE id = :a;
        INSERT INTO ledger(account, savings, amount) VALUES (:a, :s, :amount);
        UPDATE savings SET balance = balance + :amount WHERE id = :s;
        COMMIT;
        """;

    // Nothing is lost or made, and every account has what its bookings say.
    private const string Books =
        """
        SELECT (SELECT sum(balance) FROM account) + (SELECT sum(balance) FROM savings), (SELECT count(*) FROM account), (SELECT count(*) FROM savings),
               (SELECT count(*) FROM account a LEFT JOIN (SELECT account, sum(amount) AS moved FROM ledger GROUP BY 1) l ON l.account = a.id WHERE a.balance <> 1000 - coalesce(l.moved, 0)),
               (SELECT count(*) FROM savings s LEFT JOIN (SELECT savings, sum(amount) AS moved FROM ledger GROUP BY 1) l ON l.savings = s.id WHERE s.balance <> 1000 + coalesce(l.moved, 0))
        """;

    [Fact]
    public async Task Copies_made_under_full_load_hold_the_books_of_one_moment()
    {
        DatabaseAddress bank = await CreateAsync("bank", Bank);
        using CancellationTokenSource stop = new();
        Task<BufferedCommandResult> load = TransferAsync(bank, stop.Token);
        SnapshotOptions options = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 4, Fixture.ScratchDirectory, 1 << 20, TimeSpan.FromSeconds(20));
        List<(MemoryBackup Backup, long BookedBefore)> made = [];
        long booked = 0;
        for (int round = 0; round < Backups; round++)
        {
            await UntilBookedAsync(bank, booked + 200, load);
            await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(bank, options, default);
            booked = await BookedAsync(bank);
            Assert.True(snapshot.Steps.Count(step => step.Table?.Name == "account") >= 4, "The table is not split: the test proves nothing.");
            made.Add((await MemoryBackup.WriteAsync(Engine, snapshot, options), booked));
            await UntilBookedAsync(bank, booked + 1, load);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        long earlier = 0;
        foreach ((MemoryBackup backup, long bookedBefore) in made)
        {
            DatabaseAddress copy = Fixture.AddressOf($"copy_{earlier}");
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, copy, Options()));
            string total = ((Accounts + 500) * 1000).ToString(CultureInfo.InvariantCulture);
            Assert.Equal($"{total}|{Accounts}|500|0|0", await Server.RunAsync(copy.Database, Books));
            long found = await BookedAsync(copy);
            Assert.InRange(found, earlier + 200, bookedBefore);
            Assert.Equal(found, backup.Contents.Tables.Single(table => table.Table.Name == "ledger").Fingerprint.Rows);
            earlier = found;
        }
    }

    private async Task<BufferedCommandResult> TransferAsync(DatabaseAddress bank, CancellationToken cancellationToken)
    {
        string script = Path.Combine(Fixture.ScratchDirectory, "transfer.sql");
        await File.WriteAllTextAsync(script, Transfer, CancellationToken.None);
        return await Cli.Wrap(Path.Combine(Server.Binaries, "pgbench"))
            .WithArguments(["-n", "-c", "4", "-j", "2", "-M", "prepared", "-T", SecondsOfLoad.ToString(CultureInfo.InvariantCulture), "-f", script, "-h", Server.SocketFolder, "-p", Server.Port.ToString(CultureInfo.InvariantCulture), "-U", PostgreSqlServer.User, bank.Database])
            .WithEnvironmentVariables(variables => variables.Set("PGPASSWORD", PostgreSqlServer.Password))
            .ExecuteBufferedAsync(cancellationToken);
    }

    private async Task UntilBookedAsync(DatabaseAddress bank, long bookings, Task load)
    {
        for (int tries = 0; await BookedAsync(bank) < bookings; tries++)
        {
            if (load.IsCompleted)
            {
                await load;
            }

            Assert.True(!load.IsCompleted && tries < 3000, "Nothing is booked.");
            await Task.Delay(20);
        }
    }

    private async Task<long> BookedAsync(DatabaseAddress bank) => long.Parse(await Server.RunAsync(bank.Database, "SELECT count(*) FROM ledger"), CultureInfo.InvariantCulture);
}
