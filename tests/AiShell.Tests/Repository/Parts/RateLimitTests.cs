using AiShell.Repository;
using Microsoft.Extensions.Time.Testing;

namespace AiShell.Tests.Repository.Parts;

public sealed class RateLimitTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Bytes_pass_no_faster_than_the_rate()
    {
        var rate = new RateLimit(1000, _time);
        long passed = 0;
        DateTimeOffset start = _time.GetUtcNow();
        Task work = Task.Run(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                rate.Wait(100, default);
                Interlocked.Add(ref passed, 100);
                Assert.True(Volatile.Read(ref passed) <= 1000 * ((_time.GetUtcNow() - start).TotalSeconds + 0.25), $"{passed} bytes in {_time.GetUtcNow() - start}");
            }
        });

        await AdvanceUntilDoneAsync(work);
        Assert.True(_time.GetUtcNow() - start >= TimeSpan.FromSeconds(4.75));
    }

    [Fact]
    public async Task Several_workers_share_one_rate()
    {
        var rate = new RateLimit(1000, _time);
        DateTimeOffset start = _time.GetUtcNow();
        await AdvanceUntilDoneAsync(Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
            () =>
            {
                for (int i = 0; i < 10; i++)
                {
                    rate.Wait(100, default);
                }
            },
            default,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))));
        Assert.True(_time.GetUtcNow() - start >= TimeSpan.FromSeconds(3.75));
    }

    [Fact]
    public async Task Idle_time_is_not_saved_up()
    {
        var rate = new RateLimit(1000, _time);
        _time.Advance(TimeSpan.FromHours(1));
        rate.Wait(250, default);
        DateTimeOffset start = _time.GetUtcNow();
        await AdvanceUntilDoneAsync(Task.Run(() => rate.Wait(1000, default)));
        Assert.True(_time.GetUtcNow() - start >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Without_a_rate_nothing_waits()
    {
        var rate = new RateLimit(null, _time);
        for (int i = 0; i < 1000; i++)
        {
            rate.Wait(int.MaxValue, default);
        }
    }

    [Fact]
    public async Task A_cancelled_worker_stops_waiting()
    {
        var rate = new RateLimit(1, _time);
        using var cancel = new CancellationTokenSource();
        Task work = Task.Run(() => rate.Wait(1_000_000, cancel.Token));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private async Task AdvanceUntilDoneAsync(Task work)
    {
        for (int step = 0; !work.IsCompleted; step++)
        {
            Assert.True(step < 10_000, "It waits for ever.");
            _time.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(2);
        }

        await work;
    }
}
