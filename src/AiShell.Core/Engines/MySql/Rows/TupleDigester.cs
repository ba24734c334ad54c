using System.Buffers;

namespace AiShell.Engines.MySql;

/// <summary>Counts, hashes and samples rows; see <see cref="TableFingerprint"/>.</summary>
/// <param name="sample">Null for none.</param>
internal sealed class TupleDigester(RowSample? sample = null) : TupleSink
{
    /// <summary>A larger row is not sampled: samples are held in memory. Its hash counts like any other's.</summary>
    public const int LargestSampled = 4 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _kept = new();
    private long _keptBytes;

    protected override void BeforeRow()
    {
        // a row stands for itself
    }

    protected override void AfterRow(ReadOnlySpan<byte> rest)
    {
        if (sample is not null)
        {
            Offer(rest);
        }

        Clear();
    }

    protected override void Leave(ReadOnlySpan<byte> content, int inRow)
    {
        _keptBytes += inRow;
        if (sample is not null && _keptBytes <= LargestSampled)
        {
            _kept.Write(content[^inRow..]);
        }
    }

    private void Offer(ReadOnlySpan<byte> rest)
    {
        if (_keptBytes == 0)
        {
            sample!.Offer(rest);
            return;
        }

        if (_keptBytes + rest.Length <= LargestSampled)
        {
            _kept.Write(rest);
            sample!.Offer(_kept.WrittenSpan);
        }

        _kept.ResetWrittenCount();
        _keptBytes = 0;
    }
}
