namespace AiShell.Engines.Sqlite.Rows;

/// <summary>
/// Cuts a stream of SQL into statements where the sqlite3 shell would: at semicolons outside of text, quoted names,
/// comments and trigger bodies. The rules are those of <c>sqlite3_complete</c> (https://sqlite.org/c3ref/complete.html).
/// Holds one statement at a time.
/// </summary>
internal sealed class StatementSplitter(Stream stream)
{
    private const int LongestStatement = (int)SqlRowFormat.LongestStatement;

    // What the sqlite3_complete automaton goes to from each state (row) on each token (column).
    private static readonly byte[,] Transitions =
    {
        // ;  space other EXPLAIN CREATE TEMP TRIGGER END
        { 1, 0, 2, 3, 4, 2, 2, 2 }, // 0 nothing yet
        { 1, 1, 2, 3, 4, 2, 2, 2 }, // 1 start
        { 1, 2, 2, 2, 2, 2, 2, 2 }, // 2 a statement
        { 1, 3, 3, 2, 4, 2, 2, 2 }, // 3 EXPLAIN
        { 1, 4, 2, 2, 2, 4, 5, 2 }, // 4 CREATE
        { 6, 5, 5, 5, 5, 5, 5, 5 }, // 5 in a trigger
        { 6, 6, 5, 5, 5, 5, 5, 7 }, // 6 in a trigger, after a semicolon
        { 1, 7, 5, 5, 5, 5, 5, 5 }, // 7 in a trigger, after END
    };

    private byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _scan;
    private int _end;
    private bool _ended;

    private enum Token
    {
        Semicolon,
        Space,
        Other,
        Explain,
        Create,
        Temp,
        Trigger,
        End,
    }

    /// <summary>The number, from 1, of the line on which the last statement begins.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>How a text ends: <c>""</c>, <c>"\n"</c> if it is within a line comment, <c>"*/"</c> within a block comment.</summary>
    public static string TailOf(ReadOnlySpan<byte> sql)
    {
        using MemoryStream stream = new([.. sql, .. ";"u8]);
        StatementSplitter splitter = new(stream);
        _ = splitter.Next(out _);
        return splitter._unfinished;
    }

    /// <summary>
    /// The next statement with its semicolon, valid until the next call; also a last one without. False at the end.
    /// A line of its own that begins with a dot, a shell command, is returned as such.
    /// </summary>
    /// <exception cref="AiShellException">A statement is longer than SQLite takes.</exception>
    public bool Next(out ReadOnlySpan<byte> statement)
    {
        Line += _buffer.AsSpan(_start, _scan - _start).Count((byte)'\n');
        _start = _scan;
        SkipByteOrderMark();
        SkipSpace();
        int state = 1;
        bool any = false;
        while (Peek() >= 0)
        {
            if (!any && _buffer[_scan] == '.' && (_scan == _start || _buffer[_scan - 1] == '\n'))
            {
                Line += _buffer.AsSpan(_start, _scan - _start).Count((byte)'\n');
                _start = _scan;
                ScanTo((byte)'\n');
                statement = _buffer.AsSpan(_start, _scan - _start);
                return true;
            }

            Token token = ScanToken();
            any |= token is not (Token.Semicolon or Token.Space);
            state = Transitions[state, (int)token];
            if (state == 1 && token == Token.Semicolon)
            {
                if (any)
                {
                    statement = _buffer.AsSpan(_start, _scan - _start);
                    return true;
                }

                SkipSpace();
            }
        }

        statement = any ? _buffer.AsSpan(_start, _scan - _start) : default;
        return any;
    }

    private string _unfinished = "";

    /// <summary>SQLite takes it for white space wherever it stands; Windows programs begin files with it.</summary>
    private void SkipByteOrderMark()
    {
        while (Peek() == 0xef && _end - _scan < 3 && Fill())
        {
            // one read may give a single byte
        }

        if (_buffer.AsSpan(_scan, _end - _scan).StartsWith("\uFEFF"u8))
        {
            _scan += 3;
            _start = _scan;
        }
    }

    private void SkipSpace()
    {
        while (Peek() is ' ' or '\t' or '\r' or '\n' or '\f')
        {
            _scan++;
        }

        Line += _buffer.AsSpan(_start, _scan - _start).Count((byte)'\n');
        _start = _scan;
    }

    private Token ScanToken()
    {
        byte first = _buffer[_scan++];
        switch (first)
        {
            case (byte)';':
                return Token.Semicolon;
            case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f':
                return Token.Space;
            case (byte)'\'' or (byte)'"' or (byte)'`':
                ScanTo(first);
                return Token.Other;
            case (byte)'[':
                ScanTo((byte)']');
                return Token.Other;
            case (byte)'-' when Peek() == '-':
                _unfinished = ScanTo((byte)'\n') ? "" : "\n";
                return Token.Space;
            case (byte)'/' when Peek() == '*':
                _scan++;
                bool closed;
                do
                {
                    closed = ScanTo((byte)'*');
                }
                while (closed && Peek() != '/');
                _scan += closed ? 1 : 0;
                _unfinished = closed ? "" : "*/";
                return Token.Space;
            default:
                return IsWordByte(first) ? ScanWord() : Token.Other;
        }
    }

    private Token ScanWord()
    {
        int length = 1;
        while (Peek() is >= 0 and int next && IsWordByte((byte)next))
        {
            _scan++;
            length++;
        }

        ReadOnlySpan<byte> word = _buffer.AsSpan(_scan - length, length);
        return word.Length switch
        {
            3 when Is(word, "end"u8) => Token.End,
            4 when Is(word, "temp"u8) => Token.Temp,
            6 when Is(word, "create"u8) => Token.Create,
            7 when Is(word, "trigger"u8) => Token.Trigger,
            7 when Is(word, "explain"u8) => Token.Explain,
            9 when Is(word, "temporary"u8) => Token.Temp,
            _ => Token.Other,
        };
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> keyword) => System.Text.Ascii.EqualsIgnoreCase(word, keyword);

    private static bool IsWordByte(byte value) => value >= 0x80 || char.IsAsciiLetterOrDigit((char)value) || value is (byte)'_' or (byte)'$';

    /// <summary>Goes behind the next <paramref name="mark"/>, or to the end; false then.</summary>
    private bool ScanTo(byte mark)
    {
        while (Peek() >= 0)
        {
            int at = _buffer.AsSpan(_scan, _end - _scan).IndexOf(mark);
            _scan = at < 0 ? _end : _scan + at + 1;
            if (at >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private int Peek() => _scan < _end || Fill() ? _buffer[_scan] : -1;

    private bool Fill()
    {
        if (_ended)
        {
            return false;
        }

        if (_end == _buffer.Length)
        {
            int kept = _end - _start;
            if (kept > LongestStatement)
            {
                throw new AiShellException(ErrorKind.Failed, $"The statement at line {Line} is longer than SQLite's limit of {LongestStatement:N0} bytes.");
            }

            byte[] target = kept > _buffer.Length / 2 ? new byte[Math.Min(2L * _buffer.Length, Array.MaxLength)] : _buffer;
            _buffer.AsSpan(_start, kept).CopyTo(target);
            _buffer = target;
            _scan -= _start;
            _end = kept;
            _start = 0;
        }

        int read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _ended = read == 0;
        _end += read;
        return read > 0;
    }
}
