using System.IO.Hashing;
using System.Text;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;

namespace AiShell.Tests.Engines.PostgreSqlRows;

public class RowFormatTests
{
    private static readonly RandomRows Sample = new(
        ["id", "paid", "price", "note", "doc", "a \"b\""],
        [23, 16, 1700, 25, 3802, 17],
        [
            ["7", "t", "12345678901234567890.50", "say \"hi\",\n\\N", "{\"a\": [1, 2.50]}", "\\x00ff"],
            ["-8", null, "NaN", "", "\"text\"", null],
        ]);

    [Fact]
    public void Json_keeps_digits_booleans_and_documents_and_writes_all_else_as_text() => Assert.Equal(
        """
        {"id":7,"paid":true,"price":12345678901234567890.50,"note":"say \"hi\",\n\\N","doc":{"a": [1, 2.50]},"a \"b\"":"\\x00ff"}
        {"id":-8,"paid":null,"price":"NaN","note":"","doc":"\"text\"","a \"b\"":null}

        """,
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Json, 10_000)));

    [Fact]
    public void Csv_has_a_header_and_tells_null_from_the_empty_text() => Assert.Equal(
        "\"id\",\"paid\",\"price\",\"note\",\"doc\",\"a \"\"b\"\"\"\r\n"
        + "7,t,12345678901234567890.50,\"say \"\"hi\"\",\n\\N\",\"{\"\"a\"\": [1, 2.50]}\",\"\\x00ff\"\r\n"
        + "-8,,NaN,\"\",\"\"\"text\"\"\",\r\n",
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Csv, 10_000)));

    [Fact]
    public void Sql_is_the_servers_lines_between_a_statement_and_an_end_mark() => Assert.Equal(
        "COPY \"odd \"\"schema\".\"t,a\\ble\" (\"id\", \"paid\", \"price\", \"note\", \"doc\", \"a \"\"b\"\"\") FROM stdin;\n"
        + "7\tt\t12345678901234567890.50\tsay \"hi\",\\n\\\\N\t{\"a\": [1, 2.50]}\t\\\\x00ff\n-8\t\\N\tNaN\t\t\"text\"\t\\N\n\\.\n\n",
        Encoding.UTF8.GetString(Sample.Write(BackupFormat.Sql, 10_000)));

    [Theory]
    [InlineData(BackupFormat.Sql)]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public void A_value_of_hundreds_of_megabytes_passes_without_being_held(BackupFormat format)
    {
        const int Megabytes = 300;
        using EndlessPart part = new(format, Megabytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using RowReader reader = RowFormats.CreateReader(
            new BackupPart(0, PartPhase.Data, new TableName("public", "t"), RowFormats.ExtensionOf(format), 1, 0, 0), part, Path.GetTempPath());
        RowDigester digester = new(new RowSample(2), samples: true);
        reader.ReadHeader();
        reader.ReadRows(digester.Take);
        digester.Complete();

        Assert.Equal(1, digester.Fingerprint.Rows);
        Assert.Equal(part.Hash(), digester.Fingerprint.Sum);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 64L << 20, $"{allocated:N0} bytes were allocated");
    }

    [Theory]
    [InlineData(BackupFormat.Json)]
    [InlineData(BackupFormat.Csv)]
    public void A_value_of_hundreds_of_megabytes_is_written_without_being_held(BackupFormat format)
    {
        RowWriter writer = RowFormats.CreateWriter(format, new("1", new("public", "t"), ["a"], null, false, false, 0, 0) { Types = [3802] });
        byte[] piece = new byte[250_000];
        piece.AsSpan().Fill((byte)'x');
        long before = GC.GetAllocatedBytesForCurrentThread();
        writer.Begin(Stream.Null);
        for (int turn = 0; turn < 1000; turn++)
        {
            writer.Write(piece, Stream.Null);
        }

        writer.Write("\n"u8, Stream.Null);
        writer.End(Stream.Null);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 8L << 20, $"{allocated:N0} bytes were allocated");
    }

    /// <summary>One row of one column, whose value is as large as is asked for.</summary>
    private sealed class EndlessPart(BackupFormat format, int megabytes) : Stream
    {
        private readonly byte[] _head = Encoding.ASCII.GetBytes(format switch { BackupFormat.Sql => "COPY \"public\".\"t\" (\"a\") FROM stdin;\n", BackupFormat.Csv => "\"a\"\r\n\"", _ => "{\"a\":\"" });
        private readonly byte[] _tail = Encoding.ASCII.GetBytes(format switch { BackupFormat.Sql => "\n\\.\n\n", BackupFormat.Csv => "\"\r\n", _ => "\"}\n" });
        private long _at;

        public UInt128 Hash()
        {
            XxHash128 hash = new();
            byte[] megabyte = new byte[1 << 20];
            megabyte.AsSpan().Fill((byte)'v');
            for (int turn = 0; turn < megabytes; turn++)
            {
                hash.Append(megabyte);
            }

            return hash.GetCurrentHashAsUInt128();
        }

        private long ValueBytes => (long)megabytes << 20;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int length;
            if (_at < _head.Length)
            {
                length = Math.Min(buffer.Length, _head.Length - (int)_at);
                _head.AsSpan((int)_at, length).CopyTo(buffer);
            }
            else if (_at < _head.Length + ValueBytes)
            {
                length = (int)Math.Min(buffer.Length, _head.Length + ValueBytes - _at);
                buffer[..length].Fill((byte)'v');
            }
            else
            {
                int from = (int)(_at - _head.Length - ValueBytes);
                length = Math.Min(buffer.Length, _tail.Length - from);
                _tail.AsSpan(from, length).CopyTo(buffer);
            }

            _at += length;
            return length;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
