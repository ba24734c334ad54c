using System.Buffers.Binary;
using System.IO.Hashing;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>
/// The rows of COPY … TO STDOUT. The server sends each row as one message (manual, "Message Formats", CopyData). Rows are
/// moved together where they arrived, so that a run of them is one span without headers; only a row larger than the buffer
/// comes in pieces.
/// </summary>
internal sealed class CopyOut(WireSession session, WireReader reader)
{
    private readonly XxHash128 _large = new();

    /// <summary>Rows given out so far.</summary>
    public long Rows { get; private set; }

    /// <summary>The sum of the rows' hashes, without their newlines, so far; see <see cref="TableFingerprint"/>.</summary>
    public UInt128 Sum { get; private set; }

    /// <summary>
    /// Gives the next run of whole rows, at most about <paramref name="runBytes"/> (at least one row), to <paramref name="write"/>, a
    /// row larger than the buffer in several calls; false after the last row.
    /// </summary>
    /// <exception cref="ServerError">The server gave up in the middle.</exception>
    public bool Next(int runBytes, SpanAction write)
    {
        while (true)
        {
            session.Require(WireReader.HeaderBytes);
            (char type, int bytes) = reader.Peek();
            if (type != 'd')
            {
                if (!End(type))
                {
                    continue;
                }

                return false;
            }

            if (bytes == 0)
            {
                throw WireReader.NotTheProtocol(type);
            }

            if (WireReader.HeaderBytes + bytes > reader.Capacity)
            {
                WriteLarge(bytes, write);
            }
            else
            {
                session.Require(WireReader.HeaderBytes + bytes);
                WriteRun(runBytes, write);
            }

            return true;
        }
    }

    public delegate void SpanAction(ReadOnlySpan<byte> bytes);

    /// <summary>Moves the payloads of all messages that have arrived together and gives them out at once.</summary>
    private void WriteRun(int runBytes, SpanAction write)
    {
        Span<byte> available = reader.Available;
        int read = 0;
        int kept = 0;
        while (kept < runBytes && available.Length - read >= WireReader.HeaderBytes && available[read] == 'd')
        {
            int bytes = BinaryPrimitives.ReadInt32BigEndian(available[(read + 1)..]) - 4;
            if (bytes <= 0 || available.Length - read - WireReader.HeaderBytes < bytes)
            {
                break;
            }

            ReadOnlySpan<byte> row = available.Slice(read + WireReader.HeaderBytes, bytes);
            RequireLine(row);
            Sum = unchecked(Sum + XxHash128.HashToUInt128(row[..^1]));
            Rows++;
            row.CopyTo(available[kept..]);
            kept += bytes;
            read += WireReader.HeaderBytes + bytes;
        }

        write(available[..kept]);
        reader.Consume(read);
    }

    private void WriteLarge(int bytes, SpanAction write)
    {
        reader.Consume(WireReader.HeaderBytes);
        for (int left = bytes; left > 0;)
        {
            session.Require(1);
            Span<byte> piece = reader.Available;
            piece = piece[..Math.Min(piece.Length, left)];
            if (piece.Length == left)
            {
                RequireLine(piece);
            }

            _large.Append(piece[..(piece.Length == left ? piece.Length - 1 : piece.Length)]);
            write(piece);
            left -= piece.Length;
            reader.Consume(piece.Length);
        }

        Sum = unchecked(Sum + _large.GetCurrentHashAsUInt128());
        _large.Reset();
        Rows++;
    }

    private static void RequireLine(ReadOnlySpan<byte> row)
    {
        if (row[^1] != '\n')
        {
            throw new InvalidDataException("A row of COPY does not end with its newline.");
        }
    }

    /// <summary>True when all is read. COPY ends with CopyDone and the command's tag, or with an error.</summary>
    private bool End(char type)
    {
        switch (type)
        {
            case 'c':
                reader.ReadInBulk(false);
                session.Receive(out _);
                session.ReadResult(null);
                return true;
            case 'E':
                reader.ReadInBulk(false);
                session.ReadResult(null);
                throw WireReader.NotTheProtocol(type);
            default:
                (_, int bytes) = reader.Peek();
                session.Require(WireReader.HeaderBytes + bytes);
                ReadOnlySpan<byte> payload = reader.Read(out type);
                return session.TakeAside(type, payload) ? false : throw WireReader.NotTheProtocol(type);
        }
    }
}
