using System.Text;
using AiShell.Repository.Codecs;

namespace AiShell.Tests.Transfer;

/// <summary>A small file that decompresses to a gigabyte: stopped long before, with little on disk and in memory.</summary>
[Collection(nameof(BombTests))]
[CollectionDefinition(nameof(BombTests), DisableParallelization = true)] // it counts what the whole process allocates
public sealed class BombTests : IDisposable
{
    private const long PlainBytes = 1024L * 1024 * 1024;
    private const int FillerBytes = 16 * 1024 * 1024;
    private const long MostScratchBytes = 200L * 1024 * 1024;

    private readonly TransferFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gzip", "database")]
    [InlineData("bzip2", "database")]
    [InlineData("zstd", "database")]
    [InlineData("zstd", "statement")]
    [InlineData("zstd", "comment")]
    [InlineData("gzip", "tar")]
    [InlineData("zstd", "tar")]
    public async Task A_bomb_is_stopped_early(string codec, string content)
    {
        string bomb = _folder.PathOf($"bomb.{content}");
        await WriteBombAsync(bomb, codec, content);
        Assert.InRange(new FileInfo(bomb).Length, 1, PlainBytes / 900);
        using var watch = new ScratchWatch(_folder.Scratch);
        long memoryBefore = GC.GetTotalAllocatedBytes();

        AiShellException stopped = await _folder.RefuseAsync(ErrorKind.Refused, bomb);

        Assert.Contains("times when it is decompressed", stopped.Message, StringComparison.Ordinal);
        Assert.Contains("--trust", stopped.Hint, StringComparison.Ordinal);
        Assert.InRange(watch.MostBytes, 0, MostScratchBytes);
        Assert.InRange(GC.GetTotalAllocatedBytes() - memoryBefore, 0, 2 * MostScratchBytes);
    }

    /// <summary>A beginning, then the same compressed stream over and over: all three formats may be concatenated.</summary>
    private static async Task WriteBombAsync(string path, string codec, string content)
    {
        byte[] head = content switch
        {
            "database" => "SQLite format 3\0"u8.ToArray(),
            "statement" => "INSERT INTO t VALUES ('"u8.ToArray(),
            "comment" => "CREATE TABLE t(a); -- "u8.ToArray(),
            _ => TarHeader(),
        };
        byte[] filler = new byte[FillerBytes];
        Array.Fill(filler, content is "database" or "tar" ? (byte)0 : (byte)'x');
        byte[] compressed = Compress(codec, filler);
        await using FileStream file = File.Create(path);
        await file.WriteAsync(Compress(codec, head));
        for (long written = 0; written < PlainBytes; written += FillerBytes)
        {
            await file.WriteAsync(compressed);
        }
    }

    private static byte[] Compress(string codec, byte[] plain)
    {
        using var compressed = new MemoryStream();
        using (Stream compressor = CodecRegistry.ByName(codec).Compress(compressed, codec == "zstd" ? 3 : 9))
        {
            compressor.Write(plain);
        }

        return compressed.ToArray();
    }

    /// <summary>Of an entry of <see cref="PlainBytes"/> zero bytes.</summary>
    private static byte[] TarHeader()
    {
        byte[] header = new byte[512];
        "a"u8.CopyTo(header);
        "0000644\0"u8.CopyTo(header.AsSpan(100));
        Encoding.ASCII.GetBytes(Convert.ToString(PlainBytes, 8).PadLeft(11, '0')).CopyTo(header, 124);
        "        "u8.CopyTo(header.AsSpan(148));
        header[156] = (byte)'0';
        "ustar\0"u8.CopyTo(header.AsSpan(257));
        "00"u8.CopyTo(header.AsSpan(263));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(value => value), 8).PadLeft(6, '0')).CopyTo(header, 148);
        header[154] = 0;
        return header;
    }

    /// <summary>The most that lay in a folder at once, looked at over and over.</summary>
    private sealed class ScratchWatch : IDisposable
    {
        private readonly DirectoryInfo _folder;
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread;

        public ScratchWatch(string folder)
        {
            _folder = new DirectoryInfo(folder);
            _thread = new Thread(Watch);
            _thread.Start();
        }

        public long MostBytes { get; private set; }

        public void Dispose()
        {
            _stop.Cancel();
            _thread.Join();
            _stop.Dispose();
        }

        private void Watch()
        {
            while (!_stop.Token.WaitHandle.WaitOne(10))
            {
                try
                {
                    MostBytes = Math.Max(MostBytes, _folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length));
                }
                catch (IOException)
                {
                    // removed while it was looked at
                }
            }
        }
    }
}
