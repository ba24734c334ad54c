using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>What every engine with a log promises of increments.</summary>
public abstract class EngineIncrementContract : EngineSuite
{
    private SnapshotOptions SnapshotOptions => Options(Engine.Log!.BaseFormat);

    private ReaderOptions ReaderOptions => new(2, 0, Fixture.ScratchDirectory);

    [Fact]
    public async Task Every_link_of_a_chain_restores_to_what_there_was()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        MemoryChain chain = await MemoryChain.BeginAsync(Engine, bank, SnapshotOptions);
        List<(MemoryChain Chain, IReadOnlyList<string> Content)> moments = [];
        Func<Task>[] changes =
        [
            () => Fixture.TransferAsync(bank, 20, default),
            () => Task.CompletedTask,
            () => Fixture.AddTableAsync(bank, "later"),
            () => Fixture.DeleteFirstAccountAsync(bank),
            () => Fixture.ClearAsync(bank, Fixture.Values),
        ];
        foreach (Func<Task> change in changes)
        {
            await change();
            chain = await chain.ContinueAsync(Engine, bank, SnapshotOptions);
            moments.Add((chain, await Fixture.ReadContentAsync(bank)));
        }

        foreach (((MemoryChain made, IReadOnlyList<string> content), int number) in moments.Select((moment, index) => (moment, index)))
        {
            DatabaseAddress copy = Fixture.AddressOf($"copy-{number}");
            await made.RestoreAsync(Engine, copy, Target());
            Assert.Equal(content, await Fixture.ReadContentAsync(copy));
            await made.ReadAsync(Engine, ReaderOptions);
        }

        Assert.Empty(moments[1].Chain.End.Contents.Parts); // nothing had happened
    }

    [Fact]
    public async Task A_link_made_while_others_write_is_one_moment()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        long total = await Fixture.TotalAsync(bank);
        using CancellationTokenSource stop = new();
        Task<int> writer = Task.Run(() => Fixture.TransferAsync(bank, int.MaxValue, stop.Token));
        MemoryChain chain = await MemoryChain.BeginAsync(Engine, bank, SnapshotOptions);
        for (int round = 0; round < 5; round++)
        {
            chain = await chain.ContinueAsync(Engine, bank, SnapshotOptions);
            DatabaseAddress copy = Fixture.AddressOf($"copy-{round}");
            await chain.RestoreAsync(Engine, copy, Target());
            Assert.Equal(total, await Fixture.TotalAsync(copy));
        }

        await stop.CancelAsync();
        Assert.True(await writer > 0, "The writer never got through.");
    }

    [Fact]
    public async Task A_differential_follows_the_base_alone()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        MemoryChain full = await MemoryChain.BeginAsync(Engine, bank, SnapshotOptions);
        await Fixture.TransferAsync(bank, 5, default);
        await full.ContinueAsync(Engine, bank, SnapshotOptions);
        await Fixture.TransferAsync(bank, 5, default);

        MemoryChain differential = await full.ContinueAsync(Engine, bank, SnapshotOptions);

        DatabaseAddress copy = Fixture.AddressOf("copy");
        await differential.RestoreAsync(Engine, copy, Target());
        Assert.Equal(await Fixture.ReadContentAsync(bank), await Fixture.ReadContentAsync(copy));
    }

    [Fact]
    public async Task A_chain_with_a_hole_is_refused()
    {
        MemoryChain chain = await ChainAsync();
        IReadOnlyList<MemoryBackup> links = chain.Links;
        foreach (MemoryBackup[] wrong in (MemoryBackup[][])[[links[0], links[1], links[3]], [links[0], links[2], links[3]], [links[0], links[3]]])
        {
            await RefusedAsync(chain with { Links = wrong });
        }
    }

    [Fact]
    public async Task A_link_with_other_bytes_or_cut_short_is_refused()
    {
        MemoryChain chain = await ChainAsync();
        int length = 0;
        MemoryBackup Damage(MemoryBackup link, Func<byte[], byte[]> change) => link.WithPart(0, bytes =>
        {
            length = bytes.Length;
            return change(bytes);
        });

        Func<byte[], byte[]>[] damages =
        [
            bytes => bytes[..^1],
            bytes => bytes[..(bytes.Length / 2)],
            bytes => Flip(bytes, bytes.Length / 2),
            bytes => Flip(bytes, 3),
            bytes => Flip(bytes, bytes.Length - 1),
            bytes => [.. bytes, 0],
        ];
        foreach (Func<byte[], byte[]> damage in damages)
        {
            await RefusedAsync(chain with { Links = [.. chain.Links.Take(2), Damage(chain.Links[2], damage), chain.Links[3]] });
            Assert.True(length > 0);
        }
    }

    private async Task<MemoryChain> ChainAsync()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        MemoryChain chain = await MemoryChain.BeginAsync(Engine, bank, SnapshotOptions);
        foreach (string table in (string[])["first", "second", "third"])
        {
            await Fixture.AddTableAsync(bank, table);
            chain = await chain.ContinueAsync(Engine, bank, SnapshotOptions);
        }

        return chain;
    }

    private async Task RefusedAsync(MemoryChain chain)
    {
        DatabaseAddress copy = Fixture.AddressOf("refused");
        await FailsAsync(ErrorKind.Integrity, () => chain.RestoreAsync(Engine, copy, Target()));
        Assert.False(await Fixture.ExistsAsync(copy));
        await FailsAsync(ErrorKind.Integrity, () => chain.ReadAsync(Engine, ReaderOptions));
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at] ^= 1;
        return bytes;
    }
}
