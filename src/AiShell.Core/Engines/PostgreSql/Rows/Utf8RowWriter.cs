using System.Text;
using System.Text.Unicode;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Engines.PostgreSql;

/// <summary>Lets rows pass that are UTF-8, which JSON and CSV must be; others, of a database that takes any bytes, are refused by name.</summary>
internal sealed class Utf8RowWriter(RowWriter rows, SourceTable table) : RowWriter
{
    private readonly byte[] _cut = new byte[2 * Utf8Cut.Longest]; // a character's first bytes, whose rest comes with the next lines
    private int _cutBytes;
    private int _column;

    public override void Begin(Stream part) => rows.Begin(part);

    public override void Write(ReadOnlySpan<byte> lines, Stream part)
    {
        Check(lines);
        rows.Write(lines, part);
    }

    public override void End(Stream part) => rows.End(part);

    private void Check(ReadOnlySpan<byte> lines)
    {
        ReadOnlySpan<byte> rest = lines[CompleteCut(lines)..];
        int whole = rest.Length - Utf8Cut.AtEnd(rest);
        if (!Utf8.IsValid(rest[..whole]))
        {
            throw Refusal(rest[..whole]);
        }

        Pass(rest[..whole]);
        rest[whole..].CopyTo(_cut.AsSpan(_cutBytes));
        _cutBytes += rest.Length - whole;
    }

    /// <summary>Checks the character that the lines before ended in; how many of the next bytes belong to it.</summary>
    private int CompleteCut(ReadOnlySpan<byte> lines)
    {
        if (_cutBytes == 0)
        {
            return 0;
        }

        int taken = Math.Min(lines.Length, Utf8Cut.Length(_cut[0]) - _cutBytes);
        lines[..taken].CopyTo(_cut.AsSpan(_cutBytes));
        _cutBytes += taken;
        if (_cutBytes == Utf8Cut.Length(_cut[0]))
        {
            if (!Utf8.IsValid(_cut.AsSpan(0, _cutBytes)))
            {
                throw Refusal([]);
            }

            _cutBytes = 0;
        }

        return taken;
    }

    private void Pass(ReadOnlySpan<byte> valid)
    {
        int line = valid.LastIndexOf((byte)'\n');
        _column = (line < 0 ? _column : 0) + valid[(line + 1)..].Count((byte)'\t');
    }

    private AiShellException Refusal(ReadOnlySpan<byte> lines)
    {
        int valid = 0;
        while (valid < lines.Length && Rune.DecodeFromUtf8(lines[valid..], out _, out int bytes) == System.Buffers.OperationStatus.Done)
        {
            valid += bytes;
        }

        Pass(lines[..valid]);
        return new AiShellException(
            ErrorKind.Failed,
            $"Column '{table.Columns[Math.Min(_column, table.Columns.Count - 1)]}' of table '{table.Name}' holds text that is not UTF-8, which JSON and CSV cannot say.",
            "Back up with --format sql, which keeps any bytes, or leave the table out with --exclude-tables.");
    }
}
