using System.Globalization;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines.MySql;
using CliWrap;

namespace AiShell.IntegrationTests.MySql.Log;

public sealed class LogFollowTests : LogFollowSuite
{
    protected override string AsksForLastGtid => "SELECT @@gtid_binlog_pos";

    protected override async Task<MySqlFamilyServer> StartAsync() => await MariaDbServer.StartAsync();
}

public sealed class MySqlServerLogFollowTests : LogFollowSuite
{
    protected override string AsksForLastGtid => "SELECT CONCAT(@@server_uuid, ':', SUBSTRING_INDEX(@@gtid_executed, '-', -1))";

    protected override async Task<MySqlFamilyServer> StartAsync() => await MySqlServer.StartAsync();
}

/// <summary>Streams that go on, and how they end.</summary>
public abstract class LogFollowSuite : IAsyncLifetime
{
    private MySqlFamilyServer _server = null!;

    protected abstract string AsksForLastGtid { get; }

    protected abstract Task<MySqlFamilyServer> StartAsync();

    public async Task InitializeAsync()
    {
        _server = await StartAsync();
        await _server.RunAsync("", "CREATE DATABASE d; CREATE TABLE d.t(id int AUTO_INCREMENT PRIMARY KEY, v longblob)");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task What_is_committed_comes_as_it_is_committed_over_files_and_heartbeats_between()
    {
        using MySqlSession session = _server.OpenSession();
        StreamRequest request = new(await _server.EndAsync(), Follows: true) { Heartbeat = TimeSpan.FromMilliseconds(200) };
        BinaryLogStream stream = BinaryLogStream.Open(session, request);
        TransactionCut cut = new();
        using CancellationTokenSource stop = new();

        for (int round = 0; round < 5; round++)
        {
            await _server.RunAsync("d", $"INSERT INTO t(v) VALUES ('{round}'); FLUSH LOGS");
            LoggedTransaction? transaction;
            do
            {
                Assert.True(stream.Read(out StreamedEvent next));
                transaction = cut.Feed(next);
            }
            while (transaction is null);

            Assert.Equal(await _server.RunAsync("", AsksForLastGtid), transaction.Gtid);
            Assert.Equal(["d"], transaction.Databases);
            Assert.InRange(DateTimeOffset.FromUnixTimeSeconds(transaction.Second), TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5));
        }

        StreamedEvent beat;
        int beats = 0;
        do
        {
            Assert.True(stream.Read(out beat));
            beats += beat.Event.Type.IsHeartbeat() ? 1 : 0;
        }
        while (beats < 50 && (!beat.Event.Type.IsHeartbeat() || BinaryLogPosition.Compare(stream.Position, await _server.EndAsync()) != 0));
        Assert.InRange(beats, 1, 49);
        Assert.False(beat.IsInFile);

        Task waiting = ServerErrors.RunAsync(
            session,
            "the log",
            _ =>
            {
                while (stream.Read(out StreamedEvent _))
                {
                }
            },
            stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_server_came_back_the_stream_goes_on_where_it_ended(bool killed)
    {
        BinaryLogPosition from = await _server.EndAsync();
        LogCopy before = new();
        BinaryLogPosition reached;
        using (MySqlSession session = _server.OpenSession())
        {
            BinaryLogStream stream = BinaryLogStream.Open(session, new StreamRequest(from, Follows: true));
            await _server.RunAsync("d", "INSERT INTO t(v) VALUES ('before')");
            while (before.Transactions.Count < 1)
            {
                Assert.True(stream.Read(out StreamedEvent next));
                before.Take(next);
            }

            await (killed ? _server.KillAsync() : _server.StopAsync());
            Assert.Throws<ConnectionBroken>(() =>
            {
                while (stream.Read(out StreamedEvent next))
                {
                    before.Take(next);
                }
            });
            reached = stream.Position with { Gtids = from.Gtids };
        }

        await _server.StartAgainAsync();
        await _server.RunAsync("d", "INSERT INTO t(v) VALUES ('after'); FLUSH LOGS");
        LogCopy after = _server.Copy(reached);

        byte[] whole = await _server.FileAsync(from.File);
        BinaryLogFile first = before.FileOf(from.File);
        BinaryLogFile second = after.FileOf(from.File);
        Assert.Equal(first.To, second.From);
        byte[] joined = [.. before[from.File][first.LeadingBytes..], .. after[from.File][second.LeadingBytes..]];
        Assert.Equal(whole[(int)from.OffsetValue..], joined);
        LoggedTransaction added = Assert.Single(after.Transactions);
        Assert.NotEqual(from.File, added.File);
        Assert.Equal(await _server.FileAsync(added.File), after[added.File]);
    }

    /// <summary>KILL QUERY ends it with the very packet that says that there is no more.</summary>
    [Theory]
    [InlineData("KILL")]
    [InlineData("KILL QUERY")]
    public async Task A_stream_that_the_server_ends_early_is_no_end(string kill)
    {
        BinaryLogPosition from = await _server.RotateAsync();
        await _server.RunAsync("d", string.Concat(Enumerable.Repeat("INSERT INTO t(v) VALUES (REPEAT('a', 10000000));\n", 8)));
        BinaryLogPosition end = await _server.EndAsync();
        using MySqlSession session = _server.OpenSession();
        string id = session.Scalar("SELECT CONNECTION_ID()")!;
        BinaryLogStream stream = BinaryLogStream.Open(session, new StreamRequest(from, Follows: false));
        Assert.True(stream.Read(out StreamedEvent _));

        await _server.RunAsync("", $"{kill} {id}");
        ConnectionBroken broken = Assert.Throws<ConnectionBroken>(() =>
        {
            while (stream.Read(out StreamedEvent _))
            {
            }
        });

        Assert.True(BinaryLogPosition.Compare(stream.Position, end) < 0, broken.Message);
    }

    [Fact]
    public async Task A_server_that_says_nothing_any_more_is_a_broken_connection()
    {
        using MySqlSession session = _server.OpenSession();
        StreamRequest request = new(await _server.EndAsync(), Follows: true) { Heartbeat = TimeSpan.FromMilliseconds(300), Patience = TimeSpan.FromSeconds(2) };
        BinaryLogStream stream = BinaryLogStream.Open(session, request);
        string process = _server.ProcessId.ToString(CultureInfo.InvariantCulture);
        await Cli.Wrap("kill").WithArguments(["-STOP", process]).ExecuteAsync();
        try
        {
            Assert.Throws<ConnectionBroken>(() =>
            {
                while (stream.Read(out StreamedEvent _))
                {
                }
            });
        }
        finally
        {
            await Cli.Wrap("kill").WithArguments(["-CONT", process]).ExecuteAsync();
        }
    }

    [Fact]
    public async Task Several_streams_do_not_end_each_other()
    {
        BinaryLogPosition from = await _server.EndAsync();
        using MySqlSession first = _server.OpenSession();
        using MySqlSession second = _server.OpenSession();
        BinaryLogStream[] streams = [BinaryLogStream.Open(first, new StreamRequest(from, Follows: true)), BinaryLogStream.Open(second, new StreamRequest(from, Follows: true))];
        await _server.RunAsync("d", "INSERT INTO t(v) VALUES ('both')");

        foreach (BinaryLogStream stream in streams)
        {
            TransactionCut cut = new();
            LoggedTransaction? transaction;
            do
            {
                Assert.True(stream.Read(out StreamedEvent next));
                transaction = cut.Feed(next);
            }
            while (transaction is null);
        }
    }
}
