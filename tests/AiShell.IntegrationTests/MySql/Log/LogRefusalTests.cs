using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>Logs that cannot be captured, and servers that keep theirs in other ways.</summary>
public sealed class LogRefusalTests
{
    private static AiShellException Refused(MariaDbServer server, BinaryLogPosition from)
    {
        using MySqlSession session = server.OpenSession();
        AiShellException failure = Assert.Throws<AiShellException>(() => BinaryLogStream.Open(session, new StreamRequest(from, Follows: false)));
        Assert.NotNull(failure.Hint);
        return failure;
    }

    /// <summary>The server keeps a file while it still ends the stream of it.</summary>
    private static async Task PurgeAsync(MariaDbServer server, string before)
    {
        for (int tries = 0; tries < 100 && !(await server.RunAsync("", "SHOW BINARY LOGS")).StartsWith(before, StringComparison.Ordinal); tries++)
        {
            await server.RunAsync("", $"PURGE BINARY LOGS TO '{before}'");
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task Without_a_binary_log_it_is_refused()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("skip-log-bin");

        AiShellException failure = Refused(server, LogServer.Beginning("binlog.000001"));

        Assert.Equal(ErrorKind.Refused, failure.Kind);
        Assert.Contains("log_bin", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_gone_or_not_the_same_log_is_an_error_that_says_so()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync();
        await server.RunAsync("", "CREATE DATABASE d; CREATE TABLE d.t(id int)");
        BinaryLogPosition old = await server.EndAsync();
        string gtid = await server.RunAsync("", $"SELECT BINLOG_GTID_POS('{old.File}', {old.Offset})");
        Assert.Empty(server.Copy(old with { Gtids = gtid }).Transactions);
        await server.RunAsync("", "INSERT INTO d.t VALUES (1); FLUSH LOGS; FLUSH LOGS");

        BinaryLogPosition now = await server.RotateAsync();
        Assert.Single(server.Copy(old with { Gtids = gtid }).Transactions);
        Assert.Equal(ErrorKind.Integrity, Refused(server, old with { Gtids = "0-1-12345" }).Kind);

        await PurgeAsync(server, now.File);
        AiShellException purged = Refused(server, old);
        Assert.Equal(ErrorKind.NotFound, purged.Kind);
        Assert.Contains(old.File, purged.Message, StringComparison.Ordinal);
        Assert.Contains($"oldest that is still there is {now.File}", purged.Message, StringComparison.Ordinal);

        AiShellException behind = Refused(server, LogServer.At(now.File, 1_000_000));
        Assert.Equal(ErrorKind.Integrity, behind.Kind);
        Assert.Contains($"ends at {now.File}:", behind.Message, StringComparison.Ordinal);

        await server.RunAsync("", "RESET MASTER; CREATE TABLE d.another(id int); CREATE TABLE d.more(id int); INSERT INTO d.more VALUES (1), (2), (3); INSERT INTO d.more VALUES (1), (2), (3); FLUSH LOGS");
        AiShellException another = Refused(server, old with { Gtids = gtid });
        Assert.Equal(ErrorKind.Integrity, another.Kind);
        Assert.Contains("not the one", another.Message, StringComparison.Ordinal);

        await server.RunAsync("", "CREATE USER u@'%' IDENTIFIED BY 'x'; GRANT SELECT ON *.* TO u@'%'");
        using MySqlSession session = MySqlSession.Open(AiShell.Engines.MySql.Connecting.SettingsReader.Read(server.AddressOf("", "u", "x"), new AiShell.Configuration.ProcessEnvironment()));
        Assert.Contains("REPLICATION", Assert.Throws<AiShellException>(() => BinaryLogStream.Open(session, new StreamRequest(now, Follows: false))).Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statements_are_refused_and_partial_rows_told()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("binlog-row-image=MINIMAL", "binlog-ignore-db=left_out");
        BinaryLogPosition from = await server.EndAsync();
        using (MySqlSession session = server.OpenSession())
        {
            LogCapture capture = BinaryLogStream.Open(session, new StreamRequest(from, Follows: false)).Capture;
            Assert.Equal(2, capture.Remarks.Count);
            Assert.Contains("MINIMAL", capture.Remarks[1], StringComparison.Ordinal);
        }

        foreach (string format in new[] { "MIXED", "STATEMENT" })
        {
            await server.RunAsync("", $"SET GLOBAL binlog_format = {format}");
            AiShellException failure = Refused(server, from);
            Assert.Equal(ErrorKind.Refused, failure.Kind);
            Assert.Contains(format, failure.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("binlog-do-db=shop", "binlog_do_db")]
    [InlineData("binlog-ignore-db=other", "binlog_ignore_db")]
    [InlineData("log-bin-compress=ON", "SET GLOBAL log_bin_compress = OFF")]
    [InlineData("binlog-alter-two-phase=1", "SET GLOBAL binlog_alter_two_phase = OFF")]
    public async Task A_log_that_is_not_replayed_is_refused_to_increments_and_captures_and_says_what_to_change(string setting, string told)
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync();
        await server.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.t(id int PRIMARY KEY)");
        MySqlEngine engine = new();
        SnapshotOptions options = new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 1, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(10));
        MemoryChain chain = await MemoryChain.BeginAsync(engine, server.AddressOf("shop"), options);
        chain = await chain.ContinueAsync(engine, server.AddressOf("shop"), options);
        await server.StopAsync();
        server.AddSettings(setting);
        await server.StartAgainAsync();

        RequireRefused(await Assert.ThrowsAsync<AiShellException>(() => chain.ContinueAsync(engine, server.AddressOf("shop"), options)));
        RequireRefused(await Assert.ThrowsAsync<AiShellException>(() => engine.Log.OpenCaptureAsync(
            server.AddressOf("shop"), new CaptureOptions(LimitBytes: null, 1, Path.GetTempPath(), TimeSpan.FromSeconds(10), TimeProvider.System), default)));

        if (told.StartsWith("SET ", StringComparison.Ordinal))
        {
            await server.RunAsync("", told);
            await chain.ContinueAsync(engine, server.AddressOf("shop"), options);
        }

        void RequireRefused(AiShellException failure)
        {
            Assert.Equal(ErrorKind.Refused, failure.Kind);
            Assert.Contains(told, $"{failure.Message} {failure.Hint}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_compressed_log_is_the_servers_and_its_statements_are_understood()
    {
        await using MariaDbServer server = await MariaDbServer.StartAsync("log-bin-compress=ON", "log-bin-compress-min-len=10");
        BinaryLogPosition from = await server.RotateAsync();
        await server.RunAsync("", "CREATE DATABASE d");
        await server.RunAsync("d", $"CREATE TABLE t(id int, v text) COMMENT '{new string('c', 500)}'; INSERT INTO t VALUES (1, REPEAT('a', 5000)); SET binlog_format = STATEMENT; INSERT INTO t VALUES (2, '{new string('b', 5000)}'); FLUSH LOGS");

        LogCopy copy = server.Copy(LogServer.Beginning(from.File));

        Assert.Equal(await server.FileAsync(from.File), copy[from.File]);
        Assert.Equal(4, copy.Transactions.Count);
        Assert.True(copy.Transactions[1].HasDefinition);
        Assert.Equal([0, 0, 0, 1], copy.Transactions.Select(one => one.Inexact.Count));
        Assert.StartsWith("INSERT INTO t VALUES (2", copy.Transactions[3].Inexact[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_encrypted_log_comes_in_clear_and_the_stock_program_reads_it()
    {
        string keys = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(keys, "1;770A8A65DA156D24EE2A093277530142770A8A65DA156D24EE2A093277530142\n");
            File.SetUnixFileMode(keys, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            await using MariaDbServer server = await MariaDbServer.StartAsync("plugin-load-add=file_key_management", $"file-key-management-filename={keys}", "encrypt-binlog=ON");
            BinaryLogPosition from = await server.RotateAsync();
            await server.RunAsync("", "CREATE DATABASE d; CREATE TABLE d.t(id int, v text); INSERT INTO d.t VALUES (1, 'in clear'); INSERT INTO d.t VALUES (2, 'later'); FLUSH LOGS");
            LogCopy copy = server.Copy(LogServer.Beginning(from.File));

            Assert.Equal((await server.FileAsync(from.File)).Length, copy[from.File].Length);
            Assert.True(copy[from.File].AsSpan().IndexOf("in clear"u8) > 0);
            Assert.Equal(4, copy.Transactions.Count);
            LogCopy rest = server.Copy(LogServer.At(from.File, copy.Transactions[2].End));
            Assert.Equal(copy[from.File][(int)copy.Transactions[2].End..], rest[from.File][rest.FileOf(from.File).LeadingBytes..]);

            using TemporaryFile place = new();
            await File.WriteAllBytesAsync(place.Path, copy[from.File]);
            Assert.Contains("in clear", await LogServer.PrintAsync(place.Path, "--verbose"), StringComparison.Ordinal);
            await File.WriteAllBytesAsync(place.Path, rest[from.File]);
            Assert.Contains("later", await LogServer.PrintAsync(place.Path, "--verbose"), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(keys);
        }
    }
}
