using System.Text;
using AiShell.Engines.PostgreSql.Wire;
using static AiShell.Tests.Engines.PostgreSql.ServerStream;

namespace AiShell.Tests.Engines.PostgreSql;

public sealed class WireSessionTests
{
    private static readonly byte[] OneRow =
    [
        .. Message('1'), .. Message('2'),
        .. Message('T', Int16(2), Text("a"), Int32(0), Int16(1), Int32(23), Int16(4), Int32(-1), Int16(0), Text("größe"), Int32(0), Int16(2), Int32(25), Int16(-1), Int32(-1), Int16(0)),
        .. Notice, .. Message('D', Int16(2), Int32(2), "42"u8.ToArray(), Int32(-1)), .. Parameter,
        .. Message('D', Int16(2), Int32(0), Int32(6), Encoding.UTF8.GetBytes("ß🙂")), .. Message('C', Text("SELECT 2")), .. Ready,
    ];

    [Fact]
    public void Messages_may_be_cut_anywhere()
    {
        for (int cut = 1; cut < Greeting.Length + OneRow.Length; cut++)
        {
            int first = cut;
            (WireSession session, _) = Open(OneRow, left => left == Greeting.Length + OneRow.Length ? first : left);
            WireResult result = session.QueryOnce("SELECT", int.MaxValue, stopsThere: true);
            Assert.Equal([new WireColumn("a", 23), new WireColumn("größe", 25)], result.Columns);
            Assert.Equal<string?[][]>([["42", null], ["", "ß🙂"]], [.. result.Rows]);
            Assert.Equal(("SELECT 2", "Europe/Berlin", 4711, 150018), (result.Tag, session.Parameter("TimeZone"), session.ProcessId, session.ServerVersion));
        }
    }

    [Fact]
    public void Messages_may_come_byte_by_byte()
    {
        (WireSession session, _) = Open(OneRow, _ => 1);
        Assert.Equal<string?[][]>([["42", null], ["", "ß🙂"]], [.. session.Query("SELECT")]);
    }

    [Fact]
    public void No_more_rows_are_kept_than_were_asked_for()
    {
        (WireSession session, _) = Open(OneRow);
        Assert.Single(session.QueryOnce("SELECT", 1, stopsThere: false).Rows);
    }

    [Fact]
    public void An_error_is_told_after_the_server_is_ready_again()
    {
        (WireSession session, _) = Open([.. Error("42P01", "no such table"), .. Ready, .. OneRow]);
        Assert.Equal(("42P01", "no such table"), Assert.Throws<ServerError>(() => session.Execute("SELECT")) is var error ? (error.SqlState, error.Message) : default);
        Assert.Equal(2, session.Query("SELECT").Count);
    }

    [Fact]
    public void A_fatal_error_before_the_end_of_the_connection_is_what_is_told()
    {
        (WireSession session, _) = Open(Error("57P01", "terminating connection due to administrator command"));
        Assert.Equal("57P01", Assert.Throws<ServerError>(() => session.Execute("SELECT")).SqlState);
        (session, _) = Open(Error("57P01", "terminating connection due to administrator command"));
        Assert.Equal("57P01", Assert.Throws<ServerError>(() => session.BeginCopyOut("COPY")).SqlState);
    }

    [Fact]
    public void An_early_end_of_the_connection_is_an_error_at_every_byte()
    {
        for (int bytes = 0; bytes < OneRow.Length; bytes++)
        {
            (WireSession session, _) = Open(OneRow[..bytes]);
            Assert.Throws<ConnectionBroken>(() => session.Query("SELECT"));
        }
    }

    [Fact]
    public void An_end_during_the_start_is_an_error_at_every_byte()
    {
        for (int bytes = 0; bytes < Greeting.Length; bytes++)
        {
            ServerStream server = new(Greeting[..bytes], left => left);
            Assert.Throws<ConnectionBroken>(() => WireSession.Start(new WireChannel(server, server, null), "someone", "shop", null, null));
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("R\0\0\0\u0003")]
    [InlineData("R\0\0\0\u0004")]
    [InlineData("K\0\0\0\u0006ab")]
    [InlineData("S\0\0\0\u0006ab")]
    [InlineData("E\0\0\0\u0006ab")]
    [InlineData("E\0\0\0\u0004")]
    [InlineData("R\u007f\u007f\u007f\u007f")]
    public void What_is_no_server_of_PostgreSQL_is_told_so_at_once(string answer)
    {
        ServerStream server = new(Encoding.Latin1.GetBytes(answer), left => left);
        Assert.Throws<InvalidDataException>(() => WireSession.Start(new WireChannel(server, server, null), "someone", "shop", null, null));
    }

    [Theory]
    [InlineData('D', "")]
    [InlineData('D', "\0\u0001\0\0")]
    [InlineData('D', "\0\u0001\0\0\0\u0009x")]
    [InlineData('D', "\u00ff\u00ff")]
    [InlineData('D', "\0\u0001\u00ff\u00ff\u00ff\u00fe")]
    [InlineData('T', "\0\u0002a\0")]
    [InlineData('T', "\0\u0001a")]
    [InlineData('S', "no end")]
    [InlineData('E', "C42P01")]
    [InlineData('W', "")]
    [InlineData('\u0001', "")]
    public void A_message_that_does_not_hold_its_fields_is_an_error(char type, string payload)
    {
        (WireSession session, _) = Open([.. Message(type, Encoding.Latin1.GetBytes(payload)), .. Ready]);
        Assert.Throws<InvalidDataException>(() => session.Query("SELECT"));
    }

    [Fact]
    public void A_statement_that_wants_rows_from_the_client_is_told_that_there_are_none_and_the_session_stays_in_step()
    {
        (WireSession session, ServerStream server) = Open([.. Message('1'), .. Message('2'), .. CopyInBegins, .. Error("57014", "COPY from stdin failed"), .. Ready, .. OneRow]);
        Assert.Equal("57014", Assert.Throws<ServerError>(() => session.QueryOnce("COPY t FROM STDIN", 10, stopsThere: false)).SqlState);
        Assert.Equal(2, session.Query("SELECT").Count);
        string sent = Encoding.Latin1.GetString(server.Sent.ToArray());
        // In the extended protocol the server ignores the Sync that came with the statement while it waits for rows.
        Assert.Contains("COPY FROM STDIN takes its rows from a file\0S\0\0\0\u0004", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_with_a_NUL_is_refused_before_the_server_would_cut_it() => Assert.Throws<ArgumentException>(() => new WireBuffer().Text("a\0b"));

    [Fact]
    public void A_buffer_grows_and_fills_in_every_length()
    {
        WireBuffer buffer = new();
        byte[] large = new byte[100_000];
        Random.Shared.NextBytes(large);
        buffer.Begin('Q').Text("SELECT 1").End().Begin('d').Bytes(large).End().BeginUntyped().Int16(-2).Int32(int.MinValue).End();

        byte[] expected = [.. Message('Q', Text("SELECT 1")), .. Message('d', large), .. Int32(10), 0xff, 0xfe, 0x80, 0, 0, 0];
        Assert.Equal(expected, buffer.Written.ToArray());
        buffer.Clear();
        Assert.Equal(0, buffer.Begin('S').End().Length - 5);
    }

    [Theory]
    [InlineData("15.18 (Debian 15.18-1)", 150018)]
    [InlineData("18beta1", 180000)]
    [InlineData("13.0", 130000)]
    [InlineData("9.6.24", 90006)]
    public void Versions_are_read(string text, int number)
    {
        ServerStream server = new([.. Message('R', Int32(0)), .. Message('S', Text("server_version"), Text(text)), .. Ready], left => left);
        Assert.Equal(number, WireSession.Start(new WireChannel(server, server, null), "someone", "shop", null, null).ServerVersion);
    }
}
