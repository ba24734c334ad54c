using System.Buffers;
using System.IO.Hashing;

namespace AiShell.Engines.PostgreSql;

/// <summary>Counts, hashes and samples lines of COPY's text format as they pass by; see <see cref="TableFingerprint"/>.</summary>
internal sealed class RowDigester(RowSample sample, bool samples)
{
    /// <summary>A larger row is not sampled: samples are held in memory. Its hash counts like any other's.</summary>
    public const int LargestSampled = 4 * 1024 * 1024;

    private readonly XxHash128 _cut = new();
    private readonly ArrayBufferWriter<byte> _cutRow = new();
    private bool _isCut;
    private long _cutBytes;

    public TableFingerprint Fingerprint { get; private set; }

    /// <param name="lines">The lines' next bytes, which may begin and end anywhere.</param>
    public void Take(ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOf((byte)'\n');
            if (end < 0)
            {
                Keep(lines);
                return;
            }

            if (_isCut)
            {
                Keep(lines[..end]);
                EndCut();
            }
            else
            {
                Fingerprint = Fingerprint.Add(lines[..end]);
                sample.Offer(lines[..end]);
            }

            lines = lines[(end + 1)..];
        }
    }

    /// <exception cref="InvalidDataException">The last row has no end.</exception>
    public void Complete()
    {
        if (_isCut)
        {
            throw new InvalidDataException("it ends within a row");
        }
    }

    private void Keep(ReadOnlySpan<byte> piece)
    {
        _isCut = true;
        _cutBytes += piece.Length;
        _cut.Append(piece);
        if (samples && _cutBytes <= LargestSampled)
        {
            _cutRow.Write(piece);
        }
    }

    private void EndCut()
    {
        Fingerprint = Fingerprint.Add(new TableFingerprint(1, _cut.GetCurrentHashAsUInt128()));
        if (_cutBytes <= LargestSampled)
        {
            sample.Offer(_cutRow.WrittenSpan);
        }

        _cut.Reset();
        _cutRow.ResetWrittenCount();
        _cutBytes = 0;
        _isCut = false;
    }
}
