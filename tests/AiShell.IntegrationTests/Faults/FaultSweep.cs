using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.Faults;

/// <summary>Runs a job once for every call it makes on its store, with that call going wrong.</summary>
internal static class FaultSweep
{
    public static readonly AiShellException Away = new(ErrorKind.Unreachable, "The store is away (a test's fault).");

    /// <param name="run">The job, on the round's faulty store.</param>
    /// <param name="check">Gets what it threw, if anything, when the store is whole again.</param>
    /// <param name="silent">Faults that the store does not report.</param>
    public static async Task RunAsync(FaultWorld world, bool silent, Func<FaultRound, Task> run, Func<FaultRound, Exception?, string, Task> check)
    {
        int rounds = 0;
        foreach ((StoreCall call, int count) in await CountAsync(world, run))
        {
            for (int nth = 1; nth <= count; nth++)
            {
                foreach ((string name, Action<FaultyStore> arm) in silent ? SilentFaults(call, nth) : LoudFaults(call, nth))
                {
                    using FaultRound round = world.Begin();
                    arm(round.Store);
                    Exception? thrown = await Record.ExceptionAsync(() => run(round));
                    round.Store.ClearFaults();
                    await check(round, thrown, $"{name} {nth} of {count} ({thrown?.GetType().Name} {thrown?.Message})");
                    rounds++;
                }
            }
        }

        Assert.True(rounds > 10, $"Only {rounds} faults were tried.");
    }

    /// <summary>Nothing but the store's own failure may be reported for it.</summary>
    public static void AssertIsTheStoresFailure(Exception thrown, string what) =>
        Assert.True(thrown is AiShellException { Kind: ErrorKind.Unreachable }, $"{what}: {thrown}");

    private static async Task<Dictionary<StoreCall, int>> CountAsync(FaultWorld world, Func<FaultRound, Task> run)
    {
        using FaultRound round = world.Begin();
        await run(round);
        return Enum.GetValues<StoreCall>().ToDictionary(call => call, round.Store.Count);
    }

    private static IEnumerable<(string Name, Action<FaultyStore> Arm)> LoudFaults(StoreCall call, int nth)
    {
        yield return ($"failing {call}", store => store.Fail(call, nth, Away));
        yield return ($"{call} done, then failing", store => store.FailAfter(call, nth, Away));
        if (call == StoreCall.Write)
        {
            yield return ("cut write", store => store.CutWrite(nth, 3, Away));
        }
    }

    private static IEnumerable<(string Name, Action<FaultyStore> Arm)> SilentFaults(StoreCall call, int nth) => call switch
    {
        StoreCall.Write => [("lost write", store => store.LoseWrite(nth, 3))],
        StoreCall.Read => [("cut read", store => store.CutRead(nth, 3))],
        _ => [],
    };
}
