using AiShell.Repository.Codecs;

namespace AiShell.CodecBench;

/// <summary>One codec at one level beside its tool.</summary>
internal static class Comparison
{
    public static string Measure(ICodec codec, int level, PlainPart part, int pairs, string folder)
    {
        string plainFile = Path.Combine(folder, "part");
        File.WriteAllBytes(plainFile, part.Bytes);
        byte[] stored = Compress(codec, level, part.Bytes);
        RequireSame(codec, stored, part.Bytes);

        // A small part is compressed several times, so that starting the tool and the clock's grain hardly count.
        int repeats = Math.Max(1, (4 * 1024 * 1024) / part.Bytes.Length);
        var ours = new List<double>();
        var theirs = new List<double>();
        var restores = new List<double>();
        long toolBytes = 0;
        for (int pair = 0; pair < pairs; pair++)
        {
            ours.Add(Repeat(repeats, () => ProcessorTime.OfThisProcess(() => Compress(codec, level, part.Bytes))));
            theirs.Add(Repeat(repeats, () => ProcessorTime.OfTool(codec.Name, level, plainFile, out toolBytes)));
            restores.Add(Repeat(repeats, () => ProcessorTime.OfThisProcess(() => Read(codec, stored, _ => { }))));
        }

        double plain = (double)part.Bytes.Length * repeats / 1e6;
        double speedRatio = Median(ours.Zip(theirs, (one, other) => other / one));
        double sizeRatio = stored.Length / (double)toolBytes;
        return FormattableString.Invariant(
            $"{codec.Name,-6} {level,5} {plain / Median(ours),8:F1} {part.Bytes.Length / (double)stored.Length,7:F2} {plain / Median(restores),8:F0}   {plain / Median(theirs),9:F1} {part.Bytes.Length / (double)toolBytes,10:F2}   {speedRatio,10:F2} {sizeRatio,9:F3}");
    }

    private static double Repeat(int times, Func<double> measure) => Enumerable.Range(0, times).Sum(_ => measure());

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static byte[] Compress(ICodec codec, int level, byte[] plain)
    {
        using var stored = new MemoryStream(plain.Length);
        using (Stream compressor = codec.Compress(stored, level))
        {
            // As engines write: in pieces.
            for (int offset = 0; offset < plain.Length; offset += 64 * 1024)
            {
                compressor.Write(plain, offset, Math.Min(64 * 1024, plain.Length - offset));
            }
        }

        return stored.ToArray();
    }

    private static void Read(ICodec codec, byte[] stored, Action<ReadOnlySpan<byte>> take)
    {
        using Stream plain = codec.Decompress(new MemoryStream(stored));
        byte[] buffer = new byte[128 * 1024];
        for (int read = plain.Read(buffer); read > 0; read = plain.Read(buffer))
        {
            take(buffer.AsSpan(0, read));
        }
    }

    private static void RequireSame(ICodec codec, byte[] stored, byte[] plain)
    {
        var read = new MemoryStream(plain.Length);
        Read(codec, stored, bytes => read.Write(bytes));
        if (!read.ToArray().AsSpan().SequenceEqual(plain))
        {
            throw new InvalidDataException($"{codec.Name} gave back other bytes.");
        }
    }
}
