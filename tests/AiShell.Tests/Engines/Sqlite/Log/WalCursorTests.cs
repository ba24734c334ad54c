using System.Buffers.Binary;
using AiShell.Engines;
using AiShell.Engines.Sqlite;
using AiShell.Engines.Sqlite.Log;

namespace AiShell.Tests.Engines.Sqlite.Log;

public sealed class WalCursorTests
{
    private const int PageSize = 512;
    private readonly byte[] _log = Log([(2, 0), (1, 5), (3, 5), (2, 0), (2, 0), (4, 6)]);

    [Fact]
    public void Transactions_come_whole_and_in_order()
    {
        WalCursor cursor = Start(0);
        Assert.Equal(new WalTransaction(1, 2, 5, 71), cursor.Read(Read, 6));
        Assert.Equal($"change 71, frame 2 of 0x{Salts:x16}, sum 0x{SumOf(2):x16}", cursor.Position.Value);
        Assert.Equal(new WalTransaction(3, 3, 5, 71), cursor.Read(Read, 6));
        WalTransaction last = cursor.Read(Read, 6)!.Value;
        Assert.Equal(new WalTransaction(4, 6, 6, 71), last);
        Assert.Equal([2u, 2, 4], cursor.PagesOf(last, Read).Select(page => page.Number));
        Assert.Equal([4, 5, 6], cursor.PagesOf(last, Read).Select(page => (int)page.Image.Span[100]));
        Assert.Null(cursor.Read(Read, 6));
    }

    [Fact]
    public void It_begins_at_any_transaction()
    {
        WalCursor cursor = Start(3);
        Assert.Equal(new WalTransaction(4, 6, 6, 9), cursor.Read(Read, 6));
    }

    [Fact]
    public void A_copy_serves_when_the_log_is_gone()
    {
        WalCursor cursor = Start(2);
        ReadLogBytes copy = cursor.Copy(Read, 6);
        Array.Clear(_log);
        Assert.Equal(3u, cursor.Read(copy, 6)!.Value.LastFrame);
        Assert.Equal(6u, cursor.Read(copy, 6)!.Value.LastFrame);
    }

    /// <summary>Frame 2 ends a transaction whose frames were never sealed; the next goes on from the header.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Committed_frames_without_salts_and_checksums_are_taken_and_what_follows_them_is_checked(uint start)
    {
        byte[] next = Log([(3, 5), (4, 6)]);
        byte[] log = [.. next.AsSpan(0, 32), .. _log.AsSpan(32, 2 * 536), .. next.AsSpan(32)];
        log.AsSpan(32 + 8, 16).Clear();
        log.AsSpan(32 + 536 + 8, 16).Clear();
        WalCursor cursor = new(PageSize, new WalMoment(start, 5, PageSize, BinaryPrimitives.ReadUInt64BigEndian(next.AsSpan(16)), 0), 9);
        ReadLogBytes read = (offset, buffer) => log.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
        if (start == 0)
        {
            Assert.Equal(2u, cursor.Read(read, 4)!.Value.LastFrame);
        }

        Assert.Equal(3u, cursor.Read(read, 4)!.Value.LastFrame);
        log[^1] ^= 1;
        WalCursor again = new(PageSize, new WalMoment(3, 5, PageSize, cursor.Salts, 0), 9);
        Assert.Throws<BrokenChainException>(() => again.Read(read, 4));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(535)]
    public void A_byte_that_changed_ends_it_after_what_is_whole(int at)
    {
        _log[WalView.OffsetOfFrame(5, PageSize) + at] ^= 1;
        WalCursor cursor = Start(0);
        cursor.Read(Read, 6);
        cursor.Read(Read, 6);
        Assert.Throws<BrokenChainException>(() => cursor.Read(Read, 6));
        Assert.Equal(3u, cursor.Frame);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(17)]
    [InlineData(25)]
    public void A_header_of_another_log_ends_it(int at)
    {
        _log[at] ^= 1;
        Assert.Throws<BrokenChainException>(() => Start(3).Read(Read, 6));
    }

    [Fact]
    public void A_log_cut_within_a_transaction_ends_it() => Assert.Throws<BrokenChainException>(() => Start(3).Read(Read, 5));

    [Fact]
    public void Another_generation_is_entered_only_where_it_may_begin()
    {
        WalMoment other = new(6, 6, PageSize, 0x1234, 0);
        Assert.Throws<BrokenChainException>(() => Start(3).Enter(other));
        Assert.Throws<BrokenChainException>(() => Start(3).Enter(new WalMoment(2, 6, PageSize, Salts, 0)));

        WalCursor cursor = Start(3);
        cursor.AllowReset();
        cursor.Enter(other with { LastFrame = 0 });
        cursor.Enter(other with { LastFrame = 0, Salts = 0x1235 });
        cursor.Enter(new WalMoment(2, 6, PageSize, 0x1236, 0));
        Assert.Equal(0u, cursor.Frame);

        // The generation before comes back: a recovery has read the old log again.
        Assert.Throws<BrokenChainException>(() => cursor.Enter(new WalMoment(3, 6, PageSize, Salts, 0)));
    }

    [Fact]
    public void Where_frames_follow_in_the_same_generation_it_may_not_begin_anew()
    {
        WalCursor cursor = Start(2);
        cursor.AllowReset();
        cursor.Enter(new WalMoment(6, 6, PageSize, Salts, 0));
        Assert.True(cursor.MayBeReset);
        cursor.Read(Read, 6);
        Assert.False(cursor.MayBeReset);
        Assert.Throws<BrokenChainException>(() => cursor.Enter(new WalMoment(1, 6, PageSize, 0x1234, 0)));
    }

    private ulong Salts => BinaryPrimitives.ReadUInt64BigEndian(_log.AsSpan(16));

    private ulong SumOf(uint frame) => BinaryPrimitives.ReadUInt64BigEndian(_log.AsSpan((int)WalView.OffsetOfFrame(frame, PageSize) + 16));

    private WalCursor Start(uint frame) => new(PageSize, new WalMoment(frame, 5, PageSize, Salts, 0), changeCounter: 9);

    private void Read(long offset, Span<byte> buffer) => _log.AsSpan((int)offset, buffer.Length).CopyTo(buffer);

    /// <param name="frames">Page and, where it ends a transaction, the pages of the database.</param>
    private static byte[] Log((uint Page, uint Commit)[] frames)
    {
        MemoryStream stream = new();
        WalWriter writer = new(stream, PageSize);
        byte[] image = new byte[PageSize];
        foreach ((uint page, uint commit) in frames)
        {
            image[27] = 71;
            image[100]++;
            writer.Write(page, image, commit);
        }

        return stream.ToArray();
    }
}
