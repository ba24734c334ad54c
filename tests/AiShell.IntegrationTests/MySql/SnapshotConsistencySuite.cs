using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>One moment for all tables and workers, whatever the user may do, and nothing that stays behind.</summary>
public abstract class SnapshotConsistencySuite(MySqlFamilyServer server) : SnapshotSuite(server)
{
    protected const string Pair = "CREATE TABLE a(id int PRIMARY KEY, v int); CREATE TABLE b(id int PRIMARY KEY, v int); INSERT INTO a VALUES (1, 0); INSERT INTO b VALUES (1, 0);";
    protected const string PlainPassword = "plain";

    /// <summary>Of a snapshot, while others write.</summary>
    protected abstract string Position { get; }

    protected async Task RequireOneMomentAsync(string privileges, bool withoutLock, int workers, bool byReadLock = false)
    {
        DatabaseAddress source = await CreateAsync(Pair);
        await using StatementProxy proxy = OlderServer();
        DatabaseAddress address = Through(byReadLock ? proxy : null, Server.AddressOf(source.Database, await CreateUserAsync(privileges), PlainPassword));
        SnapshotOptions options = Options(workers: workers) with { WithoutLock = withoutLock };
        using CancellationTokenSource stop = new();
        Task writers = Task.WhenAll(WriteAsync(source, stop.Token), WriteAsync(source, stop.Token));
        try
        {
            for (int round = 0; round < 5; round++)
            {
                await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(address, options, default);
                MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);

                string[] rows = [.. Encoding.UTF8.GetString(backup.Plain).Split('\n').Where(line => line.StartsWith("(1,", StringComparison.Ordinal))];
                Assert.Equal(2, rows.Length);
                Assert.Equal(rows[0], rows[1]);
                Assert.Matches(Position, snapshot.Position.Value);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await writers;
        }

        Assert.Equal(byReadLock, proxy.Statements.Contains("UNLOCK TABLES"));
    }

    protected async Task RequireNothingStaysAsync(bool byReadLock = false)
    {
        DatabaseAddress source = await CreateAsync($"{Pair} CREATE TABLE m(id int) ENGINE=MyISAM; INSERT INTO m VALUES (1)");
        await using StatementProxy proxy = OlderServer();
        await using (ISnapshot snapshot = await Engine.OpenSnapshotAsync(Through(byReadLock ? proxy : null, source), Options(), default))
        {
            await Server.RunAsync(source.Database, "SET lock_wait_timeout = 1; UPDATE a SET v = 1; INSERT INTO m VALUES (2); CREATE TABLE later(id int); DROP TABLE later");
            Assert.Single(Directory.EnumerateFileSystemEntries(Scratch));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Scratch));
        Assert.Equal("0", await PollAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = '{source.Database}'", "0"));
    }

    protected async Task RequireSameMomentWithoutTransactionsAsync(string engine, bool byReadLock = false)
    {
        await using StatementProxy proxy = OlderServer();
        DatabaseAddress source = await CreateAsync(
            $"CREATE TABLE a(id int PRIMARY KEY, v int); CREATE TABLE m(id int PRIMARY KEY, v int) ENGINE=MyISAM; CREATE TABLE r(id int PRIMARY KEY, v int) ENGINE={engine}; INSERT INTO a VALUES (1, 0); INSERT INTO m VALUES (1, 0); INSERT INTO r VALUES (1, 0)");
        string user = await CreateUserAsync("SELECT, RELOAD, LOCK TABLES");
        SnapshotOptions options = Options(partBytes: 1);
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(Through(byReadLock ? proxy : null, Server.AddressOf(source.Database, user, PlainPassword)), options, default);
        await Server.RunAsync(source.Database, "UPDATE a SET v = 7; UPDATE m SET v = 7; UPDATE r SET v = 7");

        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);
        MemoryBackup again = await MemoryBackup.WriteAsync(Engine, snapshot, options);

        Assert.Equal(3, Encoding.UTF8.GetString(backup.Plain).Split('\n').Count(line => line == "(1,0);" || line == "(1,0)"));
        Assert.Equal(backup.Plain, again.Plain);
        Assert.Equal(3, backup.Contents.Tables.Count);
    }

    protected async Task RequireRefusedAsync(string privileges, bool withoutLock, ErrorKind kind)
    {
        DatabaseAddress source = await CreateAsync("CREATE TABLE m(id int) ENGINE=MyISAM; CREATE TABLE a(id int)");
        DatabaseAddress address = Server.AddressOf(source.Database, await CreateUserAsync(privileges), PlainPassword);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(address, Options() with { WithoutLock = withoutLock }));

        Assert.Equal(kind, failure.Kind);
        Assert.Contains("'m'", failure.Message, StringComparison.Ordinal);
        MemoryBackup without = await BackUpAsync(address, Options(tables: new TableFilter([], ["m"])) with { WithoutLock = withoutLock });
        Assert.Equal("a", Assert.Single(without.Contents.Tables).Table.Name);
    }

    protected async Task RequireHolderToldAsync(string lockStatement, bool byReadLock = false)
    {
        DatabaseAddress source = await CreateAsync(Pair);
        await using StatementProxy proxy = OlderServer();
        Task holder = Server.RunAsync(source.Database, "LOCK TABLES a WRITE; CREATE TEMPORARY TABLE held(id int); ALTER TABLE a ADD COLUMN (c int); SELECT SLEEP(6)");
        Assert.Equal("1", await PollAsync("SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(6)'", "1")); // altering it would wait for the locks that follow
        Task other = Server.RunAsync(source.Database, $"{lockStatement}; SELECT SLEEP(3600)");
        const string Sleeper = "FROM information_schema.PROCESSLIST WHERE INFO = 'SELECT SLEEP(3600)'"; // once the first one has ended
        Assert.Equal("1", await PollAsync($"SELECT count(*) {Sleeper}", "1"));

        try
        {
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackUpAsync(Through(byReadLock ? proxy : null, source), Options() with { LockWait = TimeSpan.FromSeconds(1) }));

            Assert.Equal(ErrorKind.Busy, failure.Kind);
            Assert.Contains("root@localhost", failure.Message, StringComparison.Ordinal);
            Assert.Equal(byReadLock, proxy.Statements.Contains("FLUSH TABLES WITH READ LOCK"));
        }
        finally
        {
            await Server.RunAsync("", $"KILL {await Server.RunAsync("", $"SELECT ID {Sleeper}")}");
        }

        await holder;
        await Assert.ThrowsAsync<InvalidOperationException>(() => other);
        Assert.Equal(2, (await BackUpAsync(Through(byReadLock ? proxy : null, source))).Contents.Tables.Count);
    }

    /// <summary>The server as one that has no BACKUP STAGE, so that all is locked for the moment as it is on MySQL.</summary>
    private StatementProxy OlderServer() => new(Server.Port, "FLUSH TABLES WITH READ LOCK", ("10.11.", "10.03."));

    private static DatabaseAddress Through(StatementProxy? proxy, DatabaseAddress address) =>
        proxy is null ? address : address with { Port = proxy.Port, Options = new Dictionary<string, string> { ["ssl-mode"] = "disabled" } };

    private async Task WriteAsync(DatabaseAddress source, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Server.RunAsync(source.Database, string.Concat(Enumerable.Repeat("BEGIN; UPDATE a SET v = v + 1; UPDATE b SET v = v + 1; COMMIT;\n", 200)));
        }
    }

    protected async Task<string> CreateUserAsync(string privileges)
    {
        string user = $"u{Guid.NewGuid().ToString("N")[..20]}";
        await Server.RunAsync("", $"CREATE USER {user}@'%' IDENTIFIED BY '{PlainPassword}'; GRANT {privileges}, SHOW VIEW, TRIGGER, EVENT ON *.* TO {user}@'%'");
        return user;
    }

    private async Task<string> PollAsync(string query, string wanted)
    {
        string found = "";
        for (int tries = 0; tries < 1200 && (found = await Server.RunAsync("", query)) != wanted; tries++)
        {
            await Task.Delay(50);
        }

        return found;
    }
}
