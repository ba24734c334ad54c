using System.Text;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql;

/// <summary>
/// RFC 4180: a header whose names are all quoted, then a line a row, each ended by CR LF. Text is always quoted, everything else never:
/// nothing is NULL, a pair of quotes is the empty text, bytes are <c>x'00ff'</c>, or <c>_sjis x'8341'</c> in a character set that is
/// not turned into Unicode.
/// </summary>
internal sealed class CsvRowWriter(SourceTable table) : ValueRowWriter(table)
{
    private const int Run = 16 * 1024;

    private readonly byte[] _header = Encoding.UTF8.GetBytes(
        $"{string.Join(',', table.Columns.Select(column => $"\"{column.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\""))}\r\n");

    private bool _begun;

    public override void Begin(Stream part)
    {
        base.Begin(part);
        _begun = false;
    }

    protected override void WriteRowStart()
    {
        if (!_begun)
        {
            Output.Put(_header);
            _begun = true;
        }
    }

    protected override void WriteNull() => Separate();

    protected override void WriteNumber(ReadOnlySpan<byte> literal)
    {
        Separate();
        Output.Put(literal);
    }

    protected override void WriteTextStart()
    {
        Separate();
        Output.Put("\""u8);
    }

    protected override void WriteText(ReadOnlySpan<byte> piece)
    {
        for (int quote = piece.IndexOf((byte)'"'); quote >= 0; quote = piece.IndexOf((byte)'"'))
        {
            Output.Put(piece[..quote]);
            Output.Put("\"\""u8);
            piece = piece[(quote + 1)..];
        }

        Output.Put(piece);
    }

    protected override void WriteTextEnd() => Output.Put("\""u8);

    protected override void WriteBytesStart(string? characterSet)
    {
        Separate();
        if (characterSet is not null)
        {
            Output.Put(Encoding.ASCII.GetBytes($"_{characterSet} "));
        }

        Output.Put("x'"u8);
    }

    protected override void WriteBytes(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            ReadOnlySpan<byte> run = piece[..Math.Min(piece.Length, Run)];
            Convert.TryToHexStringLower(run, Output.Reserve(2 * run.Length), out int written);
            Output.Advance(written);
            piece = piece[run.Length..];
        }
    }

    protected override void WriteBytesEnd() => Output.Put("'"u8);

    protected override void WriteRowEnd() => Output.Put("\r\n"u8);

    private void Separate()
    {
        if (Column > 0)
        {
            Output.Put(","u8);
        }
    }
}
