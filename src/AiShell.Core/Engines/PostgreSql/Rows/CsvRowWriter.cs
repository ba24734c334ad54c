using System.Buffers;
using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>
/// RFC 4180: a header whose names are all quoted, then a line a row, each ended by CR LF. NULL is nothing at all, an empty text is a
/// pair of quotes, any other value is what COPY's text stands for, quoted where it must be.
/// </summary>
internal sealed class CsvRowWriter(IReadOnlyList<string> columns) : ValueRowWriter(columns.Count)
{
    private static readonly SearchValues<byte> Quoted = SearchValues.Create("\",\r\n\\ "u8);

    private readonly byte[] _header = Encoding.UTF8.GetBytes(string.Join(',', columns.Select(SqlText.Quote)) + "\r\n");

    public override void Begin(Stream part) => part.Write(_header);

    protected override void BeginValue(int column, Stream part)
    {
        if (column > 0)
        {
            Put(","u8, part);
        }
    }

    protected override void WriteNull(Stream part)
    {
        // nothing
    }

    protected override void WriteValue(int column, ReadOnlySpan<byte> value, Stream part)
    {
        if (!value.IsEmpty && !value.ContainsAny(Quoted))
        {
            Put(value, part);
            return;
        }

        BeginPieces(part);
        WriteValuePiece(value, part);
        EndPieces(part);
    }

    protected override void BeginPieces(Stream part) => Put("\""u8, part);

    protected override void WriteValuePiece(ReadOnlySpan<byte> piece, Stream part)
    {
        for (int quote = piece.IndexOf((byte)'"'); quote >= 0; quote = piece.IndexOf((byte)'"'))
        {
            Put(piece[..quote], part);
            Put("\"\""u8, part);
            piece = piece[(quote + 1)..];
        }

        Put(piece, part);
    }

    protected override void EndPieces(Stream part) => Put("\""u8, part);

    protected override void EndRow(Stream part) => Put("\r\n"u8, part);
}
