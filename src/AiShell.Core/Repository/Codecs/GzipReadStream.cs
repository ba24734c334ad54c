using System.Buffers;
using System.Runtime.InteropServices;
using AiShell.IO;

namespace AiShell.Repository.Codecs;

/// <summary>
/// Reads one or more gzip members and insists on the end, the checksum and the length of each. Zero bytes behind the last
/// member, which the gzip tool overlooks (old tapes), are garbage like any other.
/// </summary>
internal sealed unsafe class GzipReadStream : ReadOnlyStream
{
    private const int InputBytes = 128 * 1024;

    private readonly Stream _source;
    private readonly byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private ZlibLibrary.State* _state;
    private int _position;
    private int _end;
    private bool _insideMember = true;
    private bool _afterMember;
    private bool _outputPending;

    public GzipReadStream(Stream source)
    {
        _source = source;
        _state = (ZlibLibrary.State*)NativeMemory.AllocZeroed((nuint)sizeof(ZlibLibrary.State));
        if (ZlibLibrary.InflateInit(_state, ZlibLibrary.GzipWindow) != ZlibLibrary.Ok)
        {
            Dispose();
            throw new InsufficientMemoryException("There is no memory to decompress gzip.");
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_state is null, this);
        while (!buffer.IsEmpty)
        {
            if (_position == _end && !_outputPending)
            {
                _position = 0;
                _end = _source.Read(_input, 0, _input.Length);
                if (_end == 0)
                {
                    return _insideMember ? throw new InvalidDataException("The gzip stream is cut short.") : 0;
                }
            }

            int written = Run(buffer);
            if (written > 0)
            {
                return written;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (_state is not null)
        {
            _ = ZlibLibrary.InflateEnd(_state);
            NativeMemory.Free(_state);
            _state = null;
            ArrayPool<byte>.Shared.Return(_input);
        }

        base.Dispose(disposing);
    }

    private int Run(Span<byte> buffer)
    {
        if (!_insideMember)
        {
            // Whatever follows a member must be another one.
            Check(ZlibLibrary.InflateReset(_state, ZlibLibrary.GzipWindow));
            _insideMember = true;
        }

        fixed (byte* input = _input)
        fixed (byte* output = buffer)
        {
            _state->NextIn = input + _position;
            _state->AvailableIn = (uint)(_end - _position);
            _state->NextOut = output;
            _state->AvailableOut = (uint)buffer.Length;
            int result = Check(ZlibLibrary.Inflate(_state, 0));
            _position = _end - (int)_state->AvailableIn;
            if (result == ZlibLibrary.StreamEnd)
            {
                _insideMember = false;
                _afterMember = true;
            }

            // A full output buffer may hide more that needs no further input.
            _outputPending = _insideMember && _state->AvailableOut == 0;
            return buffer.Length - (int)_state->AvailableOut;
        }
    }

    private int Check(int result) => result is ZlibLibrary.Ok or ZlibLibrary.StreamEnd or ZlibLibrary.NoProgress
        ? result
        : throw new InvalidDataException(
            _afterMember ? "The gzip stream is corrupt, or there is garbage behind its end." : "The gzip stream is corrupt.");
}
