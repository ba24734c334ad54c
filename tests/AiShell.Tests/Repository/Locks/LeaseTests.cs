using System.Text.Json;
using System.Text.Json.Nodes;
using AiShell.Repository;
using AiShell.Testing.Storage;

namespace AiShell.Tests.Repository.Locks;

public sealed class LeaseTests : IDisposable
{
    private static readonly TimeSpan RenewalInterval = LeaseStore.Duration / 4;
    private readonly TestRepository _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task A_lock_has_one_holder_and_names_it_to_the_other()
    {
        await using Lease held = await AcquireAsync("backup create");
        AiShellException busy = await Assert.ThrowsAsync<AiShellException>(() => AcquireAsync("backup prune"));

        Assert.Equal(ErrorKind.Busy, busy.Kind);
        Assert.Contains("'backup create'", busy.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId} on {Environment.MachineName}", busy.Message, StringComparison.Ordinal);
        await using Lease other = await _test.Leases.AcquireAsync("database-zoo", "backup create", TimeSpan.Zero, default);
    }

    [Fact]
    public async Task A_lock_let_go_is_free_and_leaves_one_file()
    {
        for (int round = 1; round <= 3; round++)
        {
            Lease held = await AcquireAsync("backup create");
            await held.DisposeAsync();
            await held.DisposeAsync();
            Assert.Equal([$"locks/database-shop.{round:D8}.json"], await _test.KeysAsync("locks/"));
        }

        Assert.Empty(await _test.Leases.ListHeldAsync("", default));
    }

    [Fact]
    public async Task Of_many_contenders_exactly_one_holds_the_lock_at_a_time()
    {
        int holders = 0;
        int entered = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            var leases = new LeaseStore(_test.Local, TimeProvider.System);
            for (int round = 0; round < 3; round++)
            {
                await using Lease held = await leases.AcquireAsync("database-shop", "backup create", TimeSpan.FromMinutes(1), default);
                Assert.Equal(1, Interlocked.Increment(ref holders));
                Interlocked.Increment(ref entered);
                await Task.Yield();
                Interlocked.Decrement(ref holders);
            }
        })));
        Assert.Equal(18, entered);
    }

    [Fact]
    public async Task A_waiting_contender_gets_the_lock_when_it_is_let_go()
    {
        Lease held = await AcquireAsync("backup create");
        Task<Lease> waiting = _test.Leases.AcquireAsync("database-shop", "backup prune", TimeSpan.FromHours(1), default);
        await AdvanceUntilAsync(() => _test.Store.Count(StoreCall.Open) >= 4);
        Assert.False(waiting.IsCompleted);

        await held.DisposeAsync();
        await AdvanceUntilAsync(() => waiting.IsCompleted);
        await (await waiting).DisposeAsync();
    }

    [Fact]
    public async Task Waiting_ends_with_busy_when_the_time_is_over()
    {
        await using Lease held = await AcquireAsync("backup create");
        Task<Lease> waiting = _test.Leases.AcquireAsync("database-shop", "backup prune", TimeSpan.FromSeconds(10), default);
        await AdvanceUntilAsync(() => waiting.IsCompleted);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => waiting)).Kind);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(60, false)]
    public async Task A_holder_on_another_host_is_believed_until_its_lock_expires(int secondsLeft, bool isFree)
    {
        await WriteLockAsync("other-host", processId: 1, _test.Time.GetUtcNow().AddSeconds(secondsLeft));
        Exception? refused = await Record.ExceptionAsync(async () => await (await AcquireAsync("backup create")).DisposeAsync());
        Assert.Equal(isFree ? null : ErrorKind.Busy, (refused as AiShellException)?.Kind);
    }

    [Fact]
    public async Task A_dead_holder_on_this_host_blocks_nobody()
    {
        // Process ids end below this number.
        await WriteLockAsync(Environment.MachineName, processId: 1 << 23, _test.Time.GetUtcNow().AddMinutes(1));
        await (await AcquireAsync("backup create")).DisposeAsync();
    }

    [Fact]
    public async Task A_process_id_used_again_by_another_process_is_no_living_holder()
    {
        await WriteLockAsync(Environment.MachineName, Environment.ProcessId, _test.Time.GetUtcNow().AddMinutes(1), started: DateTimeOffset.UnixEpoch);
        await (await AcquireAsync("backup create")).DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"holder\":")]
    [InlineData("{}")]
    public async Task Half_a_lock_file_is_nobodys_lock(string content)
    {
        Directory.CreateDirectory(_test.PathOf("locks"));
        await File.WriteAllTextAsync(_test.PathOf("locks/database-shop.00000007.json"), content);
        await using Lease held = await AcquireAsync("backup create");
        Assert.Equal("locks/database-shop.00000008.json", (await _test.KeysAsync("locks/"))[^1]);
    }

    [Fact]
    public async Task A_lock_is_renewed_as_long_as_it_is_held()
    {
        await using Lease held = await AcquireAsync("backup create");
        for (int renewal = 1; renewal <= 5; renewal++)
        {
            await RenewAsync(held);
        }

        Assert.True(_test.Time.GetUtcNow() - TestRepositoryStart > LeaseStore.Duration);
        await held.EnsureHeldAsync(default);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => AcquireAsync("backup prune"))).Kind);
    }

    [Fact]
    public async Task A_lock_that_cannot_be_renewed_in_time_is_lost_and_stops_the_work()
    {
        await using Lease held = await AcquireAsync("backup create");
        Task<int> work = held.GuardAsync(WorkAsync, default);
        _test.Store.FailEvery(StoreCall.Create, 1);
        await AdvanceUntilAsync(() => held.Lost.IsCancellationRequested, RenewalInterval);

        Assert.True(_test.Time.GetUtcNow() - TestRepositoryStart > LeaseStore.Duration);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => work)).Kind);
        Assert.Equal(ErrorKind.Busy, Assert.Throws<AiShellException>(held.EnsureHeld).Kind);
    }

    [Fact]
    public async Task One_failed_renewal_loses_nothing()
    {
        await using Lease held = await AcquireAsync("backup create");
        _test.Store.Fail(StoreCall.Create);
        int before = _test.Store.Count(StoreCall.Create);
        await AdvanceUntilAsync(() => _test.Store.Count(StoreCall.Create) > before);
        await AdvanceUntilAsync(() => ExpiryOf(1) > TestRepositoryStart + LeaseStore.Duration);
        await held.EnsureHeldAsync(default);
    }

    [Fact]
    public async Task A_broken_lock_stops_the_work_at_the_next_renewal_and_any_commit_at_once()
    {
        BackupRepository repository = await _test.OpenAsync();
        await using Lease held = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        Task<int> work = held.GuardAsync(WorkAsync, default);
        await repository.BreakLockAsync("database-shop", default);
        await using Lease next = await repository.LockDatabaseAsync("shop", "backup prune", TimeSpan.Zero, default);

        await AdvanceUntilAsync(() => work.IsCompleted);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => work)).Kind);
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => held.EnsureHeldAsync(default))).Kind);
        await held.DisposeAsync();
        await next.EnsureHeldAsync(default);
    }

    [Fact]
    public async Task A_lock_broken_a_moment_ago_is_noticed_before_a_commit()
    {
        BackupRepository repository = await _test.OpenAsync();
        await using Lease held = await repository.LockDatabaseAsync("shop", "backup create", TimeSpan.Zero, default);
        await repository.BreakLockAsync("database-shop", default);
        held.EnsureHeld();
        Assert.Equal(ErrorKind.Busy, (await Assert.ThrowsAsync<AiShellException>(() => held.EnsureHeldAsync(default))).Kind);
        Assert.False(held.IsHeld);
    }

    [Fact]
    public async Task An_expired_lock_is_never_revived()
    {
        await using Lease held = await AcquireAsync("backup create");

        // The process slept.
        await AdvanceUntilAsync(() => held.Lost.IsCancellationRequested, LeaseStore.Duration + TimeSpan.FromSeconds(1));
        Assert.Equal(TestRepositoryStart + LeaseStore.Duration, ExpiryOf(1));
        await using Lease next = await AcquireAsync("backup prune");
    }

    [Fact]
    public async Task A_cancelled_wait_is_a_cancellation_and_not_a_lost_lock()
    {
        await using Lease held = await AcquireAsync("backup create");
        using var cancel = new CancellationTokenSource();
        Task<int> work = held.GuardAsync(WorkAsync, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        held.EnsureHeld();
    }

    [Theory]
    [InlineData(StoreCall.List)]
    [InlineData(StoreCall.Create)]
    [InlineData(StoreCall.Commit)]
    public async Task A_store_that_fails_when_the_lock_is_let_go_does_not_undo_the_work(StoreCall call)
    {
        foreach (Exception failure in new Exception[] { new AiShellException(ErrorKind.Failed, "No space left."), new IOException("gone") })
        {
            Lease held = await AcquireAsync("backup create");
            _test.Store.Fail(call, error: failure);
            await held.DisposeAsync();
            _test.Time.Advance(LeaseStore.Duration * 2);
        }
    }

    [Fact]
    public async Task A_lock_that_could_not_be_handed_out_is_let_go()
    {
        await (await AcquireAsync("backup create")).DisposeAsync();
        _test.Store.Fail(StoreCall.Delete);
        await Assert.ThrowsAsync<AiShell.Storage.TransientStoreException>(() => AcquireAsync("backup create"));
        await (await AcquireAsync("backup create")).DisposeAsync();
    }

    private static DateTimeOffset TestRepositoryStart { get; } = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static async Task<int> WorkAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 1;
    }

    private Task<Lease> AcquireAsync(string operation) => _test.Leases.AcquireAsync("database-shop", operation, TimeSpan.Zero, default);

    private async Task RenewAsync(Lease held)
    {
        DateTimeOffset before = ExpiryOf(1);
        await AdvanceUntilAsync(() => ExpiryOf(1) > before, TimeSpan.FromMilliseconds(500));
        Assert.False(held.Lost.IsCancellationRequested);
    }

    private DateTimeOffset ExpiryOf(int generation) =>
        JsonNode.Parse(File.ReadAllText(_test.PathOf($"locks/database-shop.{generation:D8}.json")))!["expiresAt"]!.GetValue<DateTimeOffset>();

    private async Task WriteLockAsync(string host, int processId, DateTimeOffset expiresAt, DateTimeOffset? started = null)
    {
        var record = new LeaseRecord("x", "backup create", host, processId, started ?? _test.Time.GetUtcNow(), _test.Time.GetUtcNow(), expiresAt, Released: false);
        Directory.CreateDirectory(_test.PathOf("locks"));
        await File.WriteAllBytesAsync(_test.PathOf("locks/database-shop.00000001.json"), JsonSerializer.SerializeToUtf8Bytes(record, RepositoryJson.Readable.LeaseRecord));
    }

    private Task AdvanceUntilAsync(Func<bool> done, TimeSpan? step = null) => PollAsync(() =>
    {
        _test.Time.Advance(step ?? TimeSpan.FromMilliseconds(250));
        return done();
    });

    /// <summary>Real time only bounds the test: what it waits for is done by another thread.</summary>
    private static async Task PollAsync(Func<bool> done)
    {
        for (int attempt = 0; !done(); attempt++)
        {
            Assert.True(attempt < 3000, "It never happened.");
            await Task.Delay(10);
        }
    }
}
