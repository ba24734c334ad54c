using System.Text.Json;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// Reads what <see cref="JsonRowWriter"/> writes. Only the first row names the columns before their values, so that row is read to
/// its end before any is given out; where it is large, by way of a file.
/// </summary>
internal sealed class JsonRowReader(Stream plain, string scratchDirectory) : RowReader
{
    private const int LongestName = 16 * 1024;

    private readonly PartInput _input = new(plain);
    private readonly LineOutput _output = new();
    private readonly List<byte[]> _members = [];
    private readonly FirstRow _first = new(scratchDirectory);

    public override void Dispose()
    {
        _first.Dispose();
        base.Dispose();
    }

    protected override IReadOnlyList<string> ReadColumns()
    {
        if (_input.AtEnd)
        {
            throw new FormatException("it is empty");
        }

        List<string> columns = [];
        JsonValueReader values = new(_input, _output);
        _output.Target = _first.Write;
        _input.Expect((byte)'{');
        if (_input.Peek() != '}')
        {
            do
            {
                columns.Add(ReadName());
                _output.BeginValue();
                values.Read();
            }
            while (_input.Accept((byte)','));
        }

        EndLine(columns.Count);
        _output.Flush();
        return columns;
    }

    protected override void ReadLines(LinesAction take)
    {
        _output.Target = take;
        _first.WriteTo(take);
        JsonValueReader values = new(_input, _output);
        while (!_input.AtEnd)
        {
            _input.Expect((byte)'{');
            for (int column = 0; column < _members.Count; column++)
            {
                if ((column > 0 && !_input.Accept((byte)',')) || !_input.Accept(_members[column]))
                {
                    throw new FormatException($"a line does not have the member '{Columns[column]}' at its place");
                }

                _output.BeginValue();
                values.Read();
            }

            EndLine(Columns.Count);
        }

        _output.Flush();
    }

    private void EndLine(int columns)
    {
        _input.Expect("}\n"u8);
        _output.EndLine(columns);
    }

    private string ReadName()
    {
        _input.Require(LongestName);
        ReadOnlySpan<byte> window = _input.Window[..Math.Min(LongestName, _input.Window.Length)];
        int end = window is [(byte)'"', ..] ? JsonText.EndOfString(window) : -1;
        if (end < 0 || end == window.Length || window[end] != ':')
        {
            throw new FormatException("a member's name is expected");
        }

        try
        {
            string name = JsonSerializer.Deserialize(window[..end], JsonNames.Default.String)!;
            _members.Add(window[..(end + 1)].ToArray());
            _input.Advance(end + 1);
            return name;
        }
        catch (JsonException failure)
        {
            throw new FormatException("a member's name is damaged", failure);
        }
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class JsonNames : System.Text.Json.Serialization.JsonSerializerContext;
