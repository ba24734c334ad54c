using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>
/// Reads one or more gzip members and insists on each one's end. .NET's own GZipStream returns what it has, without an
/// error, when a member is cut short (measured: at every length), ignores garbage after the last member and does not
/// say how much input a member took. So members are inflated one at a time, and a member's end is found by the eight
/// bytes that must follow it: the CRC-32 and the length of what came out.
/// </summary>
internal sealed class GzipReadStream(Stream source) : ReadOnlyStream
{
    private const int TrailerBytes = 8;
    private readonly MemberSource _input = new(source);
    private readonly Crc32 _crc = new();
    private DeflateStream? _member;
    private uint _memberBytes;
    private bool _finished;

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (!_finished)
        {
            if (_member is null)
            {
                ReadHeader();
                _member = new DeflateStream(_input, CompressionMode.Decompress, leaveOpen: true);
                _memberBytes = 0;
                _crc.Reset();
            }

            int read = Inflate(buffer);
            if (read > 0)
            {
                _crc.Append(buffer[..read]);
                _memberBytes = unchecked(_memberBytes + (uint)read);
                return read;
            }

            ReadTrailer();
            _finished = _input.IsAtEnd();
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _member?.Dispose();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Inflate(Span<byte> buffer)
    {
        try
        {
            return _member!.Read(buffer);
        }
        catch (InvalidDataException failure)
        {
            throw new InvalidDataException("The gzip stream is corrupt.", failure);
        }
    }

    /// <summary>RFC 1952, section 2.3.</summary>
    private void ReadHeader()
    {
        Span<byte> header = stackalloc byte[10];
        _input.ReadFully(header);
        if (header is not [0x1f, 0x8b, 0x08, ..])
        {
            throw new InvalidDataException("This is not a gzip stream, or there is garbage after its end.");
        }

        byte flags = header[3];
        if ((flags & 0xe0) != 0)
        {
            throw new InvalidDataException("The gzip stream's header is corrupt.");
        }

        if ((flags & 0x04) != 0)
        {
            Span<byte> length = stackalloc byte[2];
            _input.ReadFully(length);
            _input.Skip(BinaryPrimitives.ReadUInt16LittleEndian(length));
        }

        for (int text = ((flags & 0x08) != 0 ? 1 : 0) + ((flags & 0x10) != 0 ? 1 : 0); text > 0; text--)
        {
            _input.SkipPastZero();
        }

        _input.Skip((flags & 0x02) != 0 ? 2 : 0);
    }

    private void ReadTrailer()
    {
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _memberBytes);
        _member!.Dispose();
        _member = null;
        if (!_input.GoBackBehind(trailer))
        {
            throw new InvalidDataException("The gzip stream is cut short, or its content does not match its checksum.");
        }
    }

    /// <summary>Buffers the source and remembers what it last gave, so that it can go back to where a member ended.</summary>
    private sealed class MemberSource(Stream source) : ReadOnlyStream
    {
        private const int ChunkBytes = 64 * 1024;

        /// <summary>The end of a member lies within what was given last: DeflateStream asks for no more than 8 KiB at once.</summary>
        private const int LookBackBytes = 16 * 1024;
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(LookBackBytes + ChunkBytes);
        private int _start;
        private int _position;
        private int _end;

        public override int Read(Span<byte> buffer)
        {
            if (_position == _end && !Fill())
            {
                return 0;
            }

            int count = Math.Min(Math.Min(buffer.Length, LookBackBytes / 2), _end - _position);
            _buffer.AsSpan(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public bool IsAtEnd() => _position == _end && !Fill();

        public void ReadFully(Span<byte> destination)
        {
            while (!destination.IsEmpty)
            {
                int read = Read(destination);
                if (read == 0)
                {
                    throw new InvalidDataException("The gzip stream is cut short.");
                }

                destination = destination[read..];
            }

            _start = _position;
        }

        public void Skip(int count)
        {
            Span<byte> one = stackalloc byte[1];
            for (; count > 0; count--)
            {
                ReadFully(one);
            }
        }

        public void SkipPastZero()
        {
            Span<byte> one = stackalloc byte[1];
            do
            {
                ReadFully(one);
            }
            while (one[0] != 0);
        }

        /// <summary>Finds the trailer in what was given last or comes next, and continues right behind it.</summary>
        public bool GoBackBehind(ReadOnlySpan<byte> trailer)
        {
            while (_end - _position < trailer.Length && Fill())
            {
            }

            int from = Math.Max(_start, _position - LookBackBytes);
            int found = _buffer.AsSpan(from, Math.Min(_end, _position + trailer.Length) - from).IndexOf(trailer);
            if (found < 0)
            {
                return false;
            }

            _position = from + found + trailer.Length;
            _start = _position;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && _buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = [];
            }

            base.Dispose(disposing);
        }

        /// <summary>Reads more behind what is there, keeping the last of what was given.</summary>
        private bool Fill()
        {
            int keep = Math.Max(_start, _position - LookBackBytes);
            _buffer.AsSpan(keep, _end - keep).CopyTo(_buffer);
            _start -= Math.Min(_start, keep);
            _position -= keep;
            _end -= keep;
            int read = source.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            return read > 0;
        }
    }
}
