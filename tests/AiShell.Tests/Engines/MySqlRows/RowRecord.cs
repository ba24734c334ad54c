using System.Buffers;
using System.Text;
using AiShell.Engines.MySql;

namespace AiShell.Tests.Engines.MySqlRows;

/// <summary>Keeps what a sink is told.</summary>
internal sealed class RowRecord : IRowSink
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private List<Value> _row = [];
    private string? _characterSet;
    private bool _isText;

    public List<IReadOnlyList<Value>> Rows { get; } = [];

    public void BeginRow() => _row = [];

    public void Null() => _row.Add(new Value.Nothing());

    public void Number(ReadOnlySpan<byte> literal) => _row.Add(new Value.Number(Encoding.ASCII.GetString(literal)));

    public void BeginText()
    {
        _isText = true;
        _bytes.ResetWrittenCount();
    }

    public void BeginBytes(string? characterSet)
    {
        _isText = false;
        _characterSet = characterSet;
        _bytes.ResetWrittenCount();
    }

    public void Piece(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public void EndValue() => _row.Add(_isText ? new Value.Text(Encoding.Latin1.GetString(_bytes.WrittenSpan)) : new Value.Bytes(Convert.ToHexString(_bytes.WrittenSpan), _characterSet));

    public void EndRow() => Rows.Add(_row);
}
