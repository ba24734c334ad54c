using System.Globalization;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.IntegrationTests.Storage;
using AiShell.Testing.Engines.MySql;
using CliWrap;
using SmallDisk = AiShell.Testing.Engines.Sqlite.SmallDisk;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>A server that dies, or has no room: the target stays, and the next restore finds a clean place.</summary>
public sealed class RestoreFaultTests
{
    private readonly MySqlEngine _engine = new();

    private static TargetOptions Options() => new(TableFilter.Everything, false, Replace: true, 2, Path.GetTempPath(), TimeSpan.FromSeconds(5));

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_the_rows_has_the_old_target_when_it_is_back()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync();
        PromotionWorld world = new(server, "k");
        HandMadeBackup backup = await world.MakeAsync("src");
        DatabaseAddress address = world.Address("target");
        await backup.RestoreAsync(address, Options());
        await server.RunAsync(address.Database, "INSERT INTO parent VALUES (77, 'old')");

        await using (IRestoreTarget target = await _engine.OpenTargetAsync(address, backup.Contents, Options(), default))
        {
            BackupPart[] parts = [.. backup.Contents.Parts];
            await target.LoadAsync(parts[0], backup.Open(parts[0]), default);
            using KillingStream rows = new(backup.Open(parts[1]), () => server.KillAsync().GetAwaiter().GetResult());
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => target.LoadAsync(parts[1], rows, default));
            Assert.True(failure.Kind is ErrorKind.Failed or ErrorKind.Unreachable, failure.Message);
        }

        await server.StartAgainAsync();
        Assert.Equal("1", await server.RunAsync(address.Database, "SELECT count(*) FROM parent WHERE id = 77"));
        Assert.Single((await _engine.InspectTargetAsync(address, backup.Contents, Options(), default)).Warnings);
        await backup.RestoreAsync(address, Options());
        await world.RequireWholeAsync(address.Database);
        Assert.Equal([world.Address("src").Database, address.Database], await world.DatabasesAsync());
    }

    [RootFact]
    public async Task A_server_without_room_says_so_and_nothing_stays()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("skip-log-bin", "innodb-log-file-size=8M");
        await server.StopAsync();
        await using SmallDisk disk = await SmallDisk.MountAsync(400_000_000);
        await Cli.Wrap("cp").WithArguments(["-a", $"{server.DataFolder}/.", disk.Path]).ExecuteAsync();
        await Cli.Wrap("chown").WithArguments(["mysql", disk.Path]).ExecuteAsync();
        await Cli.Wrap("mount").WithArguments(["--bind", disk.Path, server.DataFolder]).ExecuteAsync();
        try
        {
            await server.StartAgainAsync();
            await server.RunAsync("", "CREATE DATABASE f_src");
            const string Table = "CREATE TABLE `t` (`a` int NOT NULL, `b` longtext, PRIMARY KEY (`a`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
            await server.RunAsync("f_src", $"{Table} INSERT INTO t SELECT seq, REPEAT(MD5(seq), 300) FROM seq_1_to_3000");
            HandMadeBackup backup = new();
            backup.Table("t", Table);
            backup.Write(server.AddressOf("f_src"));
            AiShellException failure;
            using (disk.Fill(leaveBytes: 8_000_000))
            {
                failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(server.AddressOf("f_target"), Options()));
            }

            if (!failure.Message.Contains("full", StringComparison.OrdinalIgnoreCase))
            {
                Assert.Contains("connection", failure.Message, StringComparison.Ordinal); // InnoDB ends the server when its log cannot grow
                await server.StartAgainAsync();
            }

            Assert.Equal("f_src", await server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('f_src', 'f_target')"));
            await backup.RestoreAsync(server.AddressOf("f_target"), Options());
            Assert.Equal("3000", await server.RunAsync("f_target", "SELECT count(*) FROM t"));
        }
        finally
        {
            await server.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it may not have come up
            await Cli.Wrap("umount").WithArguments(["-l", server.DataFolder]).ExecuteAsync();
        }
    }

    [Fact]
    public async Task A_target_whose_tables_others_hold_is_busy_and_stays()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync();
        PromotionWorld world = new(server, "b");
        HandMadeBackup backup = await world.MakeAsync("src");
        DatabaseAddress address = world.Address("target");
        await backup.RestoreAsync(address, Options());
        string old = await server.DumpAsync(address.Database);
        Task<string> holder = server.RunAsync(address.Database, "BEGIN; SELECT * FROM parent; SELECT SLEEP(3600)");
        for (int tries = 0; await server.RunAsync("", "SELECT count(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'") != "1"; tries++)
        {
            Assert.True(tries < 1200);
            await Task.Delay(50);
        }

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(address, Options() with { LockWait = TimeSpan.FromSeconds(1) }));

        Assert.Equal(ErrorKind.Busy, failure.Kind);
        Assert.Contains("root from localhost", failure.Message, StringComparison.Ordinal);
        await server.RunAsync("", $"KILL {await server.RunAsync("", "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'")}");
        await Assert.ThrowsAsync<InvalidOperationException>(() => holder);
        Assert.Equal(old, await server.DumpAsync(address.Database));
        Assert.Equal([world.Address("src").Database, address.Database], await world.DatabasesAsync());
    }

    /// <summary>Does something when it is read for the first time.</summary>
    private sealed class KillingStream(Stream inner, Action first) : Stream
    {
        private bool _begun;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture, $"{value}")); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int read = inner.Read(buffer);
            if (!_begun && read > 0)
            {
                _begun = true;
                first();
            }

            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
