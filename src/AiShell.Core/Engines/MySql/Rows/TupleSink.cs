using System.Buffers;
using System.IO.Hashing;
using System.Text;

namespace AiShell.Engines.MySql;

/// <summary>
/// Builds the canonical row, a tuple of SQL literals, and hashes it (docs/format.md). A row that does not fit into the buffer leaves it
/// in pieces.
/// </summary>
internal abstract class TupleSink : IRowSink
{
    private const int BufferBytes = 256 * 1024;
    private const int HexRun = 16 * 1024;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create("\0\n\r\u001a\\'"u8);

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly XxHash128 _cut = new();
    private int _used;
    private int _rowStart;
    private bool _inRow;
    private bool _isCut;
    private bool _isText;
    private bool _isFirst;
    private long _left;

    public TableFingerprint Fingerprint { get; private set; }

    /// <summary>Bytes put so far.</summary>
    protected long Position => _left + _used;

    /// <summary>Of these, what did not leave yet.</summary>
    protected int Buffered => _used;

    public void BeginRow()
    {
        BeforeRow();
        _rowStart = _used;
        _inRow = true;
        _isCut = false;
        _isFirst = true;
    }

    public void Null() => PutValue("NULL"u8);

    public void Number(ReadOnlySpan<byte> literal) => PutValue(literal);

    public void BeginText()
    {
        PutValue("'"u8);
        _isText = true;
    }

    public void BeginBytes(string? characterSet)
    {
        if (characterSet is null)
        {
            PutValue("0x"u8);
        }
        else
        {
            PutValue("_"u8);
            Put(Encoding.ASCII.GetBytes(characterSet));
            Put(" 0x"u8);
        }

        _isText = false;
    }

    public void Piece(ReadOnlySpan<byte> bytes)
    {
        if (_isText)
        {
            PutText(bytes);
        }
        else
        {
            PutHex(bytes);
        }
    }

    public void EndValue()
    {
        if (_isText)
        {
            Put("'"u8);
        }
    }

    public void EndRow()
    {
        Put(_isFirst ? "()"u8 : ")"u8);
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_rowStart, _used - _rowStart);
        if (_isCut)
        {
            _cut.Append(rest);
            Fingerprint = Fingerprint.Add(new TableFingerprint(1, _cut.GetCurrentHashAsUInt128()));
            _cut.Reset();
        }
        else
        {
            Fingerprint = Fingerprint.Add(rest);
        }

        _inRow = false;
        AfterRow(rest);
    }

    /// <summary>What stands before a row.</summary>
    protected abstract void BeforeRow();

    /// <param name="rest">The row, or of one that was cut what did not leave the buffer yet.</param>
    protected abstract void AfterRow(ReadOnlySpan<byte> rest);

    /// <summary>The buffer's content leaves it.</summary>
    /// <param name="inRow">Of it, bytes at its end that are of a row that goes on.</param>
    protected abstract void Leave(ReadOnlySpan<byte> content, int inRow);

    protected void Put(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > _buffer.Length - _used)
        {
            int fits = _buffer.Length - _used;
            bytes[..fits].CopyTo(_buffer.AsSpan(_used));
            _used += fits;
            bytes = bytes[fits..];
            Empty();
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    /// <summary>Lets everything leave.</summary>
    protected void Empty()
    {
        int inRow = _inRow ? _used - _rowStart : 0;
        if (inRow > 0)
        {
            _cut.Append(_buffer.AsSpan(_rowStart, inRow));
            _isCut = true;
        }

        Leave(_buffer.AsSpan(0, _used), inRow);
        _left += _used;
        _used = 0;
        _rowStart = 0;
    }

    /// <summary>Nothing of it leaves.</summary>
    protected void Clear() => _used = 0;

    private void PutValue(ReadOnlySpan<byte> start)
    {
        Put(_isFirst ? "("u8 : ","u8);
        _isFirst = false;
        Put(start);
    }

    private void PutText(ReadOnlySpan<byte> text)
    {
        for (int at = text.IndexOfAny(Escaped); at >= 0; at = text.IndexOfAny(Escaped))
        {
            Put(text[..at]);
            Put([(byte)'\\', LetterOf(text[at])]);
            text = text[(at + 1)..];
        }

        Put(text);
    }

    private void PutHex(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_buffer.Length - _used < 2)
            {
                Empty();
            }

            int run = Math.Min(Math.Min(bytes.Length, HexRun), (_buffer.Length - _used) / 2);
            Convert.TryToHexString(bytes[..run], _buffer.AsSpan(_used), out int written);
            _used += written;
            bytes = bytes[run..];
        }
    }

    private static byte LetterOf(byte value) => value switch
    {
        0 => (byte)'0',
        (byte)'\n' => (byte)'n',
        (byte)'\r' => (byte)'r',
        0x1A => (byte)'Z',
        _ => value,
    };
}
