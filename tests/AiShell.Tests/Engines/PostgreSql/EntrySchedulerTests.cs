using System.Collections.Concurrent;
using AiShell.Engines;
using AiShell.Engines.PostgreSql.Restore;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>The entries after the rows run as early as they can, and never earlier.</summary>
public sealed class EntrySchedulerTests
{
    private readonly ConcurrentQueue<string> _begun = new();
    private readonly HashSet<string> _withoutRows = [];

    [Fact]
    public async Task An_entry_begins_when_its_rows_are_there_though_others_wait_for_theirs()
    {
        _withoutRows.Add("late");
        EntryScheduler scheduler = Schedule(Entry(1, "INDEX", "late"), Entry(2, "INDEX", "early"), Entry(3, "ACL", "grant"));

        Task run = scheduler.RunAsync(BeginAsync, default);

        Assert.Equal(["early"], _begun);
        Assert.False(run.IsCompleted);
        _withoutRows.Clear();
        scheduler.LookAgain();
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["early", "late", "grant"], _begun);
    }

    [Fact]
    public async Task What_came_late_takes_its_place_in_the_script_again()
    {
        _withoutRows.UnionWith(["first", "second"]);
        EntryScheduler scheduler = new([Entry(1, "INDEX", "first"), Entry(2, "TRIGGER", "second"), Entry(3, "ACL", "third"), Entry(4, "ACL", "fourth")], 1, HasRows);
        Task run = scheduler.RunAsync(BeginAsync, default);
        _withoutRows.Clear();
        scheduler.LookAgain();

        await run.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(["first", "second", "third", "fourth"], _begun);
    }

    [Fact]
    public async Task A_circle_is_an_error_and_no_wait()
    {
        EntryScheduler scheduler = Schedule(Entry(1, "INDEX", "one", needs: 2), Entry(2, "INDEX", "two", needs: 1));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => scheduler.RunAsync(BeginAsync, default).WaitAsync(TimeSpan.FromSeconds(30)));

        Assert.Equal(ErrorKind.Integrity, failure.Kind);
    }

    [Fact]
    public async Task Who_waits_for_rows_can_be_stopped()
    {
        _withoutRows.Add("late");
        using CancellationTokenSource stop = new();
        Task run = Schedule(Entry(1, "INDEX", "late")).RunAsync(BeginAsync, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Empty(_begun);
    }

    [Fact]
    public async Task What_would_wait_for_a_table_takes_no_worker_meanwhile()
    {
        TaskCompletionSource key = new();
        EntryScheduler scheduler = new([Locking(1, "key", table: 9), Entry(2, "INDEX", "of the same table", needs: 9), Entry(3, "INDEX", "of another", needs: 8)], 2, HasRows);

        Task run = scheduler.RunAsync((entry, token) => entry.Header.Name == "key" ? Task.WhenAll(BeginAsync(entry, token), key.Task) : BeginAsync(entry, token), default);

        await WaitAsync(() => _begun.Count == 2);
        Assert.Equal(["key", "of another"], _begun);
        key.SetResult();
        await run.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(["key", "of another", "of the same table"], _begun);
    }

    [Fact]
    public async Task All_are_kept_busy_until_fewer_wait_than_there_are_workers()
    {
        List<bool> busy = [];
        EntryScheduler scheduler = null!;
        scheduler = new([Entry(1, "INDEX", "a"), Entry(2, "INDEX", "b"), Entry(3, "INDEX", "c"), Entry(4, "INDEX", "d")], 2, HasRows);

        await scheduler.RunAsync(
            async (_, _) =>
            {
                busy.Add(scheduler.KeepsAllBusy);
                await Task.Yield();
            },
            default);

        Assert.Equal([true, true, false, false], busy);
    }

    private static async Task WaitAsync(Func<bool> isSo)
    {
        for (int attempt = 0; !isSo(); attempt++)
        {
            Assert.True(attempt < 3000, "It did not come to that.");
            await Task.Delay(10);
        }
    }

    private EntryScheduler Schedule(params ScriptEntry[] entries) => new(entries, 4, HasRows);

    private bool HasRows(ScriptEntry entry) => !_withoutRows.Contains(entry.Header.Name);

    private Task BeginAsync(ScriptEntry entry, CancellationToken cancellationToken)
    {
        _begun.Enqueue(entry.Header.Name);
        return Task.CompletedTask;
    }

    private static ScriptEntry Locking(int id, string name, int table)
    {
        ScriptEntry entry = Entry(id, "CONSTRAINT", name, table);
        return entry with { Header = entry.Header with { Locks = [table] } };
    }

    private static ScriptEntry Entry(int id, string kind, string name, params int[] needs) => ScriptEntry.Create(id, kind, "s", name, "", needs);
}
