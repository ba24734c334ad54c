using System.Collections.Concurrent;

namespace AiShell;

/// <summary>Runs work items on a bounded number of workers, each shown as a lane. The first failure stops the others and is thrown.</summary>
internal static class Lanes
{
    public static async Task RunAsync<T>(
        IEnumerable<T> items,
        int workers,
        IJobProgress progress,
        Func<T, string> label,
        Func<T, Action<long>, CancellationToken, Task> work,
        CancellationToken cancellationToken)
    {
        var free = new ConcurrentQueue<int>(Enumerable.Range(0, workers));
        var options = new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(items, options, async (item, token) =>
        {
            _ = free.TryDequeue(out int lane);
            progress.StartLane(lane, label(item));
            try
            {
                await work(item, bytes => progress.Advance(lane, bytes), token);
            }
            finally
            {
                progress.EndLane(lane);
                free.Enqueue(lane);
            }
        });
    }
}
