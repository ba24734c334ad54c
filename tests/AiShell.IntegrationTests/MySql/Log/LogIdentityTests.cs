using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.IntegrationTests.MySql.Connections;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>What is streamed is what the server has in its files, byte by byte.</summary>
public sealed class LogIdentityTests(TlsMariaDb shared) : IClassFixture<TlsMariaDb>
{
    private const int FlagsOfDescription = 4 + 17;

    private MySqlFamilyServer Server => shared.Server;

    [Theory]
    [InlineData("disabled")]
    [InlineData("required")]
    public async Task Files_are_the_servers_whatever_their_checksums(string tls)
    {
        BinaryLogPosition first = await Server.RotateAsync();
        await Server.RunAsync("", $"CREATE DATABASE files_{tls}");
        await Server.RunAsync(
            $"files_{tls}",
            """
            CREATE TABLE t(id int AUTO_INCREMENT PRIMARY KEY, v varchar(200)); INSERT INTO t(v) SELECT concat('row ', seq) FROM seq_1_to_3000; FLUSH LOGS;
            SET GLOBAL binlog_checksum = NONE; UPDATE t SET v = 'é' WHERE id < 100; DELETE FROM t WHERE id = 7; FLUSH LOGS; INSERT INTO t(v) VALUES ('without');
            SET GLOBAL binlog_checksum = CRC32; INSERT INTO t(v) VALUES ('with'); FLUSH LOGS; FLUSH LOGS; INSERT INTO t(v) VALUES ('last');
            """);
        BinaryLogPosition end = await Server.EndAsync();

        LogCopy copy = Server.Copy(LogServer.Beginning(first.File), tls);

        string[] names = [.. copy.Names];
        Assert.Equal(7, names.Length);
        Assert.Equal(first.File, names[0]);
        Assert.Equal(end.File, names[^1]);
        foreach (string name in names[..^1])
        {
            Assert.Equal(await Server.FileAsync(name), copy[name]);
            Assert.Equal(LogServer.Beginning(name).OffsetValue, copy.FileOf(name).LeadingBytes);
        }

        // The server notes in the last file, a moment later, that the ones before it are no longer needed for its recovery.
        byte[] open = await Server.FileAsync(end.File);
        Assert.Equal(1, open[FlagsOfDescription]);
        open[FlagsOfDescription] = 0; // in use
        Assert.Equal(open[..copy[end.File].Length], copy[end.File]);
        Assert.InRange(copy.FileOf(end.File).To, end.OffsetValue, open.Length);
        Assert.Equal(8, copy.Transactions.Count);
    }

    [Fact]
    public async Task From_the_middle_of_a_file_exactly_the_missing_bytes_come_and_the_stock_program_reads_them()
    {
        BinaryLogPosition first = await Server.RotateAsync();
        await Server.RunAsync("", "CREATE DATABASE middle");
        await Server.RunAsync("middle", string.Concat(Enumerable.Repeat("CREATE TABLE t(id int); INSERT INTO t VALUES (1), (2); BEGIN; INSERT INTO t VALUES (3); UPDATE t SET id = id + 1; COMMIT; DROP TABLE t;\n", 5)) + "FLUSH LOGS");
        byte[] whole = await Server.FileAsync(first.File);
        LogCopy all = Server.Copy(LogServer.Beginning(first.File));
        using TemporaryFile place = new();

        foreach (LoggedTransaction transaction in all.Transactions.Where(transaction => transaction.File == first.File))
        {
            LogCopy rest = Server.Copy(LogServer.At(first.File, transaction.End));
            BinaryLogFile file = rest.FileOf(first.File);

            Assert.Equal(whole[(int)transaction.End..], rest[first.File][file.LeadingBytes..]);
            Assert.Equal((transaction.End, whole.Length), (file.From, (int)file.To));
            Assert.Equal(all.Transactions.SkipWhile(one => one.Gtid != transaction.Gtid).Skip(1).Select(one => one.Gtid), rest.Transactions.Select(one => one.Gtid));
            await File.WriteAllBytesAsync(place.Path, rest[first.File]);
            Assert.Equal(
                Events(await LogServer.PrintAsync(Path.Combine(Server.DataFolder, first.File), $"--start-position={transaction.End}")),
                Events(await LogServer.PrintAsync(place.Path)));
        }
    }

    [Fact]
    public async Task A_position_that_is_no_boundary_is_an_error()
    {
        BinaryLogPosition first = await Server.RotateAsync();
        await Server.RunAsync("", "CREATE DATABASE boundary");
        await Server.RunAsync("boundary", "CREATE TABLE t(id int, v text); INSERT INTO t VALUES (1, REPEAT('\\0', 300)); INSERT INTO t VALUES (2, 'x')");
        BinaryLogPosition end = await Server.EndAsync();
        HashSet<long> boundaries = [4, end.OffsetValue];
        foreach (StreamedEvent next in Boundaries(first.File))
        {
            boundaries.Add(next.End);
        }

        for (long offset = 5; offset < end.OffsetValue; offset += 7)
        {
            if (!boundaries.Contains(offset))
            {
                AiShellException failure = Assert.Throws<AiShellException>(() => Server.Copy(LogServer.At(first.File, offset)));
                Assert.Equal(ErrorKind.Integrity, failure.Kind);
                Assert.Contains(first.File, failure.Message, StringComparison.Ordinal);
            }
        }
    }

    private List<StreamedEvent> Boundaries(string file)
    {
        using Engines.MySql.Wire.MySqlSession session = Server.OpenSession();
        BinaryLogStream stream = BinaryLogStream.Open(session, new StreamRequest(LogServer.Beginning(file), Follows: false));
        List<StreamedEvent> all = [];
        while (stream.Read(out StreamedEvent next))
        {
            all.Add(next);
        }

        return all;
    }

    /// <summary>What is printed of events: neither where they are in the file nor what the description of the format brings with it.</summary>
    private static string[] Events(string printed) =>
        [.. printed.Split('\n').Where(line => line.StartsWith('#') && line.Contains("end_log_pos", StringComparison.Ordinal) && !line.Contains("Start: binlog", StringComparison.Ordinal))];
}
