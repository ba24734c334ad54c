using System.IO.Hashing;
using AiShell.Engines.Sqlite.Log;

namespace AiShell.Tests.Engines.Sqlite.Log;

public sealed class PageHashTests
{
    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(16384)]
    [InlineData(32768)]
    [InlineData(65536)]
    public void It_is_the_XxHash128_of_each_page(int pageSize)
    {
        const int Pages = 50;
        Random random = new(pageSize);
        byte[] pages = new byte[Pages * pageSize];
        random.NextBytes(pages.AsSpan(pageSize));
        pages.AsSpan(pageSize, pageSize).Fill(0xff);
        UInt128[] hashes = new UInt128[Pages];
        PageHash.Hash(pages, pageSize, hashes);
        for (int i = 0; i < Pages; i++)
        {
            Assert.Equal(XxHash128.HashToUInt128(pages.AsSpan(i * pageSize, pageSize)), hashes[i]);
        }
    }
}
