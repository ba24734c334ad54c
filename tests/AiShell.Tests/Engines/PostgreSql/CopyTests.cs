using AiShell.Engines;
using AiShell.Engines.PostgreSql.Wire;
using static AiShell.Tests.Engines.PostgreSql.ServerStream;

namespace AiShell.Tests.Engines.PostgreSql;

public sealed class CopyTests
{
    private const int BufferBytes = 256 * 1024;

    private static readonly byte[] Done = [.. Message('c'), .. Message('C', Text("COPY 2")), .. Ready];

    [Fact]
    public void Random_rows_in_random_pieces_give_the_bytes_and_hashes_that_they_have()
    {
        for (int round = 0; round < 60; round++)
        {
            Random random = new(round);
            byte[][] rows = [.. Enumerable.Range(0, random.Next(40)).Select(_ => RandomLine(random, round))];
            List<byte> script = [.. CopyOutBegins];
            foreach (byte[] row in rows)
            {
                script.AddRange(random.Next(8) == 0 ? Notice : []);
                script.AddRange(random.Next(8) == 0 ? Parameter : []);
                script.AddRange(Row(row));
            }

            int mostPiece = random.Next(3) switch { 0 => 7, 1 => 5000, _ => 400_000 };
            (WireSession session, _) = Open([.. script, .. Done], left => left > Done.Length + script.Count ? left : random.Next(1, mostPiece));
            (byte[] bytes, CopyOut copy) = ReadAll(session, random.Next(1, 100_000));

            Assert.Equal(rows.SelectMany(row => row), bytes);
            TableFingerprint expected = rows.Aggregate(TableFingerprint.Empty, (sum, row) => sum.Add(row.AsSpan(0, row.Length - 1)));
            Assert.Equal(expected, new TableFingerprint(copy.Rows, copy.Sum));
        }
    }

    [Theory]
    [InlineData(BufferBytes - 6)]
    [InlineData(BufferBytes - 5)]
    [InlineData(BufferBytes - 4)]
    [InlineData(3_000_001)]
    public void A_row_about_as_large_as_the_buffer_or_larger_comes_whole(int rowBytes)
    {
        byte[] large = [.. Enumerable.Repeat((byte)'x', rowBytes - 1), (byte)'\n'];
        (WireSession session, _) = Open([.. CopyOutBegins, .. Row("a\n"), .. Row(large), .. Row("b\n"), .. Done], left => Math.Max(1, left / 3));
        (byte[] bytes, CopyOut copy) = ReadAll(session, 1000);
        Assert.Equal([.. "a\n"u8, .. large, .. "b\n"u8], bytes);
        Assert.Equal(
            TableFingerprint.Empty.Add("a"u8).Add(large.AsSpan(0, rowBytes - 1)).Add("b"u8),
            new TableFingerprint(copy.Rows, copy.Sum));
    }

    [Fact]
    public void An_error_in_the_middle_of_the_rows_ends_them_and_leaves_the_session_in_step()
    {
        (WireSession session, _) = Open([.. CopyOutBegins, .. Row("a\n"), .. Notice, .. Error("57014", "canceling statement"), .. Ready, .. Message('C', Text("SET")), .. Ready]);
        Assert.Equal("57014", Assert.Throws<ServerError>(() => ReadAll(session, 1000)).SqlState);
        session.Execute("SET x");
    }

    [Fact]
    public void Rows_without_their_end_are_an_error_at_every_byte()
    {
        byte[] script = [.. CopyOutBegins, .. Row("first\n"), .. Row("second\n"), .. Done];
        for (int bytes = 0; bytes < script.Length; bytes++)
        {
            (WireSession session, _) = Open(script[..bytes]);
            Assert.Throws<ConnectionBroken>(() => ReadAll(session, 1000));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("no newline")]
    public void A_row_without_its_newline_is_an_error(string row)
    {
        (WireSession session, _) = Open([.. CopyOutBegins, .. Row("a\n"), .. Row(row), .. Done]);
        Assert.Throws<InvalidDataException>(() => ReadAll(session, 1000));
        (session, _) = Open([.. CopyOutBegins, .. Row(row + new string('x', 300_000)), .. Done]);
        Assert.Throws<InvalidDataException>(() => ReadAll(session, 1000));
    }

    [Fact]
    public void What_is_no_row_among_the_rows_is_an_error()
    {
        (WireSession session, _) = Open([.. CopyOutBegins, .. Row("a\n"), .. Message('D', Int16(0)), .. Done]);
        Assert.Throws<InvalidDataException>(() => ReadAll(session, 1000));
    }

    [Fact]
    public void Rows_for_the_server_arrive_as_they_were_written_and_are_ended()
    {
        (WireSession session, ServerStream server) = Open([.. CopyInBegins, .. Message('C', Text("COPY 7")), .. Ready]);
        byte[] content = new byte[700_000];
        new Random(1).NextBytes(content);
        CopyIn copy = session.BeginCopyIn("COPY t FROM STDIN");
        server.Sent.SetLength(0);
        copy.Write(content.AsSpan(0, 5));
        copy.Write([]);
        copy.Write(content.AsSpan(5));

        Assert.Equal(7, copy.Complete());

        WireReader sent = new(new MemoryStream(server.Sent.ToArray()));
        sent.Trust();
        List<byte> data = [];
        char type;
        for (ReadOnlySpan<byte> payload = sent.Read(out type); type == 'd'; payload = sent.Read(out type))
        {
            data.AddRange(payload);
        }

        Assert.Equal('c', type);
        Assert.Equal(content, data);
    }

    [Fact]
    public void Rows_that_the_server_does_not_take_are_an_error_and_the_session_stays_in_step()
    {
        (WireSession session, _) = Open([.. CopyInBegins, .. Error("22P02", "invalid input"), .. Ready, .. Message('C', Text("SET")), .. Ready]);
        CopyIn copy = session.BeginCopyIn("COPY t FROM STDIN");
        copy.Write("x\n"u8);
        Assert.Equal("22P02", Assert.Throws<ServerError>(() => copy.Complete()).SqlState);
        session.Execute("SET x");
    }

    private static (byte[] Bytes, CopyOut Copy) ReadAll(WireSession session, int runBytes)
    {
        using MemoryStream all = new();
        CopyOut copy = session.BeginCopyOut("COPY t TO STDOUT");
        while (copy.Next(runBytes, bytes => all.Write(bytes)))
        {
            // To the end.
        }

        return (all.ToArray(), copy);
    }

    private static byte[] RandomLine(Random random, int round)
    {
        int bytes = random.Next(round % 6 == 0 ? 600_000 : 300);
        byte[] line = new byte[bytes + 1];
        random.NextBytes(line);
        line.AsSpan().Replace((byte)'\n', (byte)'n');
        line[^1] = (byte)'\n';
        return line;
    }
}
