using System.Text.Json;

namespace AiShell.Engines.MySql;

/// <summary>
/// Reads what <see cref="JsonRowWriter"/> writes. Only the first row names the columns before their values, so that row is read
/// twice; where it is large, by way of a file.
/// </summary>
internal sealed class JsonRowReader(Stream plain, string scratchDirectory) : RowReader
{
    private const int LongestName = 16 * 1024;

    private readonly List<byte[]> _members = [];
    private readonly ReplayStream _replay = new(plain, scratchDirectory);
    private PartInput? _input;
    private JsonValueReader? _values;

    public override void Dispose()
    {
        _replay.Dispose();
        base.Dispose();
    }

    protected override IReadOnlyList<string> ReadColumns()
    {
        PartInput input = new(_replay);
        if (input.AtEnd)
        {
            throw new FormatException("it is empty");
        }

        List<string> columns = [];
        JsonValueReader values = new(input);
        TupleDigester nobody = new();
        nobody.BeginRow();
        input.Expect((byte)'{');
        if (input.Peek() != '}')
        {
            do
            {
                columns.Add(ReadName(input, columns.Count));
                values.Read(nobody);
            }
            while (input.Peek() == ',');
        }

        input.Expect("}\n"u8);
        _replay.Rewind();
        _input = new PartInput(_replay);
        _values = new JsonValueReader(_input);
        return columns;
    }

    protected override bool ReadNext(IRowSink sink)
    {
        if (_input!.AtEnd)
        {
            return false;
        }

        _input.Expect((byte)'{');
        sink.BeginRow();
        for (int column = 0; column < _members.Count; column++)
        {
            if (!_input.Accept(_members[column]))
            {
                throw new FormatException($"a line does not have the member '{Columns[column]}' at its place");
            }

            _values!.Read(sink);
        }

        _input.Expect("}\n"u8);
        sink.EndRow();
        return true;
    }

    private string ReadName(PartInput input, int column)
    {
        input.Require(LongestName);
        int start = column == 0 ? 0 : 1;
        ReadOnlySpan<byte> window = input.Window[start..Math.Min(LongestName, input.Window.Length)];
        int end = window is [(byte)'"', ..] ? JsonText.EndOfString(window) : -1;
        if (end < 0)
        {
            throw new FormatException("a member's name is expected");
        }

        try
        {
            string name = JsonSerializer.Deserialize(window[..end], MemberNames.Default.String)!;
            byte[] member = JsonRowWriter.MemberStart(name, column);
            _members.Add(member);
            input.Expect(member);
            return name;
        }
        catch (JsonException failure)
        {
            throw new FormatException("a member's name is damaged", failure);
        }
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class MemberNames : System.Text.Json.Serialization.JsonSerializerContext;
