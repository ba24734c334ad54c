using System.Globalization;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>Events that are as long as a packet of the protocol, or longer.</summary>
public sealed class LogLargeEventTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private const int MostInPacket = 0xFFFFFF;
    private const int Status = 1;

    [Fact]
    public async Task Events_at_the_bounds_of_packets_and_of_40_MB_are_whole()
    {
        await shared.Server.RunAsync("", "SET GLOBAL max_allowed_packet = 1073741824; CREATE DATABASE large; CREATE TABLE large.t(v longblob)");
        await shared.Server.RotateAsync();
        int around = await RowEventBytesAsync(1_000_000) - 1_000_000;

        foreach (int payload in new[] { MostInPacket - 1, MostInPacket, MostInPacket + 1, 2 * MostInPacket, 40_000_000 })
        {
            Assert.Equal(payload - Status, await RowEventBytesAsync(payload - Status - around));
        }
    }

    /// <summary>Inserts a value; the file with it is the server's own.</summary>
    private async Task<int> RowEventBytesAsync(int valueBytes)
    {
        BinaryLogPosition before = await shared.Server.EndAsync();
        await shared.Server.RunAsync("large", string.Create(CultureInfo.InvariantCulture, $"INSERT INTO t VALUES (REPEAT('a', {valueBytes:D9})); FLUSH LOGS"));
        LogCopy copy = shared.Server.Copy(LogServer.Beginning(before.File));
        byte[] whole = copy[before.File];
        byte[] expected = await shared.Server.FileAsync(before.File);
        Assert.True(expected.AsSpan().SequenceEqual(whole));
        int longest = 0;
        for (int at = (int)BinaryLogFile.FirstEvent; at < whole.Length;)
        {
            int length = BitConverter.ToInt32(whole, at + 9);
            longest = Math.Max(longest, length);
            at += length;
        }

        return longest;
    }
}
