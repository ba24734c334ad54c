using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql;

/// <summary>
/// What the writers of JSON and CSV have in common: the canonical row is hashed beside what is written, and text must be UTF-8, which
/// a server does not always see to.
/// </summary>
internal abstract class ValueRowWriter(SourceTable table) : IRowWriter
{
    private readonly TupleDigester _digester = new();
    private readonly Utf8Check _check = new();
    private bool _isText;

    public TableFingerprint Fingerprint => _digester.Fingerprint;

    protected PartBuffer Output { get; } = new();

    /// <summary>Of the row, counted from 0.</summary>
    protected int Column { get; private set; }

    public virtual void Begin(Stream part) => Output.Begin(part);

    public void Flush() => Output.Empty();

    public void End() => Output.Empty();

    public void BeginRow()
    {
        _digester.BeginRow();
        Column = 0;
        WriteRowStart();
    }

    public void Null()
    {
        _digester.Null();
        WriteNull();
        Column++;
    }

    public void Number(ReadOnlySpan<byte> literal)
    {
        _digester.Number(literal);
        WriteNumber(literal);
        Column++;
    }

    public void BeginText()
    {
        _digester.BeginText();
        _isText = true;
        WriteTextStart();
    }

    public void BeginBytes(string? characterSet)
    {
        _digester.BeginBytes(characterSet);
        _isText = false;
        WriteBytesStart(characterSet);
    }

    public void Piece(ReadOnlySpan<byte> bytes)
    {
        _digester.Piece(bytes);
        if (!_isText)
        {
            WriteBytes(bytes);
            return;
        }

        if (!_check.Take(bytes))
        {
            throw Refusal();
        }

        WriteText(bytes);
    }

    public void EndValue()
    {
        _digester.EndValue();
        if (_isText)
        {
            if (!_check.Complete())
            {
                throw Refusal();
            }

            WriteTextEnd();
        }
        else
        {
            WriteBytesEnd();
        }

        Column++;
    }

    public void EndRow()
    {
        _digester.EndRow();
        WriteRowEnd();
    }

    protected abstract void WriteRowStart();

    protected abstract void WriteNull();

    protected abstract void WriteNumber(ReadOnlySpan<byte> literal);

    protected abstract void WriteTextStart();

    protected abstract void WriteText(ReadOnlySpan<byte> piece);

    protected abstract void WriteTextEnd();

    protected abstract void WriteBytesStart(string? characterSet);

    protected abstract void WriteBytes(ReadOnlySpan<byte> piece);

    protected abstract void WriteBytesEnd();

    protected abstract void WriteRowEnd();

    private AiShellException Refusal() => new(
        ErrorKind.Failed,
        $"Column '{table.Columns[Column].Name}' of table '{table.Name}' holds text that is not UTF-8, which JSON and CSV cannot say.",
        "Back up with --format sql, which keeps any bytes, or leave the table out with --exclude-tables.");
}
