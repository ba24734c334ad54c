using System.Diagnostics;
using System.Text;
using AiShell.Repository.Codecs;

namespace AiShell.Tests.Repository.Codecs;

/// <summary>Whoever loses this program still has gzip, zstd and bzip2; and reads with this program what those wrote.</summary>
public class StockToolTests
{
    public static TheoryData<string> Tools => ["gzip", "zstd", "bzip2"];

    public static TheoryData<string, int> ToolsAndSizes
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string tool in new[] { "gzip", "zstd", "bzip2" })
            {
                foreach (int size in new[] { 0, 1, 1000, 1_000_000, 3_000_000 })
                {
                    data.Add(tool, size);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(ToolsAndSizes))]
    public async Task The_stock_tool_reads_what_we_write(string tool, int sizeBytes)
    {
        ICodec codec = CodecRegistry.ByName(tool);
        byte[] plain = Content(sizeBytes);
        foreach (int level in new[] { codec.MinimumLevel, codec.DefaultLevel, codec.MaximumLevel })
        {
            Assert.Equal(plain, await RunAsync(tool, ["-dc"], Compress(codec, plain, level)));
        }
    }

    [Theory]
    [MemberData(nameof(ToolsAndSizes))]
    public async Task We_read_what_the_stock_tool_writes(string tool, int sizeBytes)
    {
        byte[] plain = Content(sizeBytes);
        foreach (string level in new[] { "-1", "-9" })
        {
            byte[] stored = await RunAsync(tool, ["-c", level], plain);
            Assert.NotEmpty(stored);
            Assert.Equal(plain, Decompress(tool, stored));
        }
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public async Task Files_of_both_may_be_joined_in_any_order_empty_ones_too(string tool)
    {
        ICodec codec = CodecRegistry.ByName(tool);
        byte[] plain = Content(200_000);
        byte[] ours = Compress(codec, plain, codec.DefaultLevel);
        byte[] oursEmpty = Compress(codec, [], codec.DefaultLevel);
        byte[] theirs = await RunAsync(tool, ["-c"], plain);
        byte[] theirsEmpty = await RunAsync(tool, ["-c"], []);
        byte[] joined = [.. theirsEmpty, .. ours, .. oursEmpty, .. theirs, .. theirsEmpty, .. ours, .. oursEmpty];
        byte[] expected = [.. plain, .. plain, .. plain];

        Assert.Equal(expected, Decompress(tool, joined));
        Assert.Equal(expected, await RunAsync(tool, ["-dc"], joined));
    }

    [Fact]
    public async Task A_gzip_header_may_hold_a_name_a_time_and_a_comment()
    {
        byte[] plain = Content(5000);
        string file = Path.Combine(Directory.CreateTempSubdirectory().FullName, "dump with a name.sql");
        await File.WriteAllBytesAsync(file, plain);
        byte[] named = await RunAsync("gzip", ["-Nc", file], []);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        Assert.Equal(plain, Decompress("gzip", named));

        // FEXTRA, FNAME, FCOMMENT (RFC 1952, 2.3.1) in front of the same body
        byte[] body = Compress(CodecRegistry.ByName("gzip"), plain, 6)[10..];
        byte[] header = [0x1f, 0x8b, 8, 0x04 | 0x08 | 0x10, 1, 2, 3, 4, 0, 3, 3, 0, 7, 8, 9, (byte)'n', 0, (byte)'c', 0];
        Assert.Equal(plain, Decompress("gzip", [.. header, .. body]));
    }

    [Fact]
    public async Task A_zstd_stream_may_hold_frames_to_skip()
    {
        byte[] plain = Content(5000);
        byte[] theirs = await RunAsync("zstd", ["-c"], plain);
        byte[] skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        Assert.Equal([.. plain, .. plain], Decompress("zstd", [.. skippable, .. theirs, .. skippable, .. theirs, .. skippable]));
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void A_stream_of_nothing_is_cut_short(string tool) =>
        Assert.Throws<InvalidDataException>(() => Decompress(tool, []));

    private static byte[] Content(int sizeBytes)
    {
        var text = new StringBuilder();
        var random = new Random(sizeBytes);
        while (text.Length < sizeBytes)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"INSERT INTO orders VALUES ({random.Next()}, 'customer {random.Next(1000)}', {random.NextDouble()});\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString(0, sizeBytes));
    }

    private static byte[] Compress(ICodec codec, byte[] plain, int level)
    {
        using var stored = new MemoryStream();
        using (Stream stream = codec.Compress(stored, level))
        {
            stream.Write(plain);
        }

        return stored.ToArray();
    }

    private static byte[] Decompress(string codec, byte[] stored)
    {
        using Stream stream = CodecRegistry.ByName(codec).Decompress(new MemoryStream(stored));
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    private static async Task<byte[]> RunAsync(string tool, string[] arguments, byte[] input)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task writing = Task.Run(async () =>
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await writing;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return output.ToArray();
    }
}
