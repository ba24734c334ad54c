using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// Locks in the store, as leases: <c>locks/&lt;name&gt;.&lt;generation&gt;.json</c>. The highest generation is the lock. Taking a
/// lock that is released, expired or held by a dead process of this host means creating the next generation, which the
/// store lets exactly one of several contenders do. The highest generation is never deleted, so a contender that was asleep
/// cannot bring back an old one.
/// </summary>
internal sealed partial class LeaseStore(IObjectStore store, TimeProvider time)
{
    /// <summary>A dead holder on another host blocks nobody for longer than this.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly DateTimeOffset ProcessStart = new(Process.GetCurrentProcess().StartTime);

    /// <summary>Told whenever a wait for a holder begins.</summary>
    public Action<WaitForLock>? Waits { get; init; }

    /// <summary>Takes the lock, waiting for its holder up to <paramref name="wait"/>.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>, naming the holder.</exception>
    public async Task<Lease> AcquireAsync(string name, string operation, TimeSpan wait, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        string? waitsFor = null;
        while (true)
        {
            (int generation, LeaseRecord? current) = await ReadCurrentAsync(name, cancellationToken);
            if (current is null || IsFree(current))
            {
                LeaseRecord mine = NewRecord(operation);
                if (await TryWriteAsync(KeyOf(name, generation + 1), mine, WriteMode.CreateOnly, cancellationToken))
                {
                    return await TidyAsync(new Lease(this, name, generation + 1, mine, time), generation + 1, cancellationToken);
                }
            }
            else if (time.GetElapsedTime(started) >= wait)
            {
                throw Busy(new HeldLock(name, current));
            }
            else if (current.Holder != waitsFor)
            {
                Waits?.Invoke(new WaitForLock(new HeldLock(name, current), waitsFor is null ? wait : wait - time.GetElapsedTime(started)));
                waitsFor = current.Holder;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>Takes a lock that nobody else asks for by name, only sees: "somebody is reading this backup". It leaves no file behind.</summary>
    public async Task<Lease> AcquireSharedAsync(string prefix, string operation, CancellationToken cancellationToken)
    {
        string name = $"{prefix}{Guid.NewGuid():n}";
        LeaseRecord mine = NewRecord(operation);
        await TryWriteAsync(KeyOf(name, 1), mine, WriteMode.CreateOnly, cancellationToken);
        return new Lease(this, name, 1, mine, time, shared: true);
    }

    /// <summary>Every lock that is held now, by name.</summary>
    public async Task<IReadOnlyList<(string Name, LeaseRecord Record)>> ListHeldAsync(string prefix, CancellationToken cancellationToken)
    {
        var highest = new SortedDictionary<string, int>(StringComparer.Ordinal);
        await foreach (StoredObject file in store.ListAsync(RepositoryKeys.Locks + prefix, cancellationToken))
        {
            if (LockFile().Match(file.Key) is { Success: true } match)
            {
                string name = match.Groups["name"].Value;
                int generation = int.Parse(match.Groups["generation"].Value, CultureInfo.InvariantCulture);
                highest[name] = Math.Max(generation, highest.GetValueOrDefault(name));
            }
        }

        var held = new List<(string, LeaseRecord)>();
        foreach ((string name, int generation) in highest)
        {
            if (await ReadAsync(KeyOf(name, generation), cancellationToken) is { } record && !IsFree(record))
            {
                held.Add((name, record));
            }
        }

        return held;
    }

    /// <summary>Takes a lock away from its holder, which finds out at its next renewal and stops.</summary>
    public async Task BreakAsync(string name, string operation, CancellationToken cancellationToken)
    {
        (int generation, LeaseRecord? current) = await ReadCurrentAsync(name, cancellationToken);
        if (current is not null && !current.Released)
        {
            LeaseRecord released = NewRecord(operation) with { Released = true };
            await TryWriteAsync(KeyOf(name, generation + 1), released, WriteMode.CreateOnly, cancellationToken);
        }
    }

    /// <summary>Removes what readers that were killed left behind.</summary>
    public async Task CollectSharedAsync(string prefix, CancellationToken cancellationToken)
    {
        // In this order: a mark that is left meanwhile is not among the files.
        var files = new List<(string Key, string Name)>();
        await foreach (StoredObject file in store.ListAsync(RepositoryKeys.Locks + prefix, cancellationToken))
        {
            if (LockFile().Match(file.Key) is { Success: true } match)
            {
                files.Add((file.Key, match.Groups["name"].Value));
            }
        }

        HashSet<string> held = [.. (await ListHeldAsync(prefix, cancellationToken)).Select(one => one.Name)];
        foreach ((string key, _) in files.Where(file => !held.Contains(file.Name)))
        {
            await store.DeleteAsync(key, cancellationToken);
        }
    }

    internal async Task<bool> IsCurrentAsync(string name, int generation, CancellationToken cancellationToken) =>
        (await ReadCurrentAsync(name, cancellationToken)).Generation == generation;

    /// <summary>Renews or releases; false when a higher generation shows that the lock was taken away.</summary>
    internal async Task<bool> UpdateAsync(string name, int generation, LeaseRecord record, CancellationToken cancellationToken)
    {
        (int current, _) = await ReadCurrentAsync(name, cancellationToken);
        return current == generation
            && await TryWriteAsync(KeyOf(name, generation), record, WriteMode.Replace, cancellationToken);
    }

    /// <summary>Removes a lock whose name nobody will use again.</summary>
    internal Task RemoveAsync(string name, int generation, CancellationToken cancellationToken) =>
        store.DeleteAsync(KeyOf(name, generation), cancellationToken);

    private LeaseRecord NewRecord(string operation)
    {
        DateTimeOffset now = time.GetUtcNow();
        return new LeaseRecord(
            Guid.NewGuid().ToString("n"), operation, Environment.MachineName, Environment.ProcessId, ProcessStart, now, now + Duration, Released: false);
    }

    private bool IsFree(LeaseRecord record) =>
        record.Released || record.ExpiresAt < time.GetUtcNow() || HolderIsDead(record);

    private static bool HolderIsDead(LeaseRecord record)
    {
        if (record.Host != Environment.MachineName)
        {
            return false;
        }

        try
        {
            using Process process = Process.GetProcessById(record.ProcessId);
            return (new DateTimeOffset(process.StartTime) - record.ProcessStarted).Duration() > TimeSpan.FromSeconds(2);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return true;
        }
    }

    private async Task<(int Generation, LeaseRecord? Record)> ReadCurrentAsync(string name, CancellationToken cancellationToken)
    {
        int highest = 0;
        await foreach (StoredObject file in store.ListAsync($"{RepositoryKeys.Locks}{name}.", cancellationToken))
        {
            if (LockFile().Match(file.Key) is { Success: true } match && match.Groups["name"].Value == name)
            {
                highest = Math.Max(highest, int.Parse(match.Groups["generation"].Value, CultureInfo.InvariantCulture));
            }
        }

        return (highest, highest == 0 ? null : await ReadAsync(KeyOf(name, highest), cancellationToken));
    }

    /// <summary>Null when the file is gone or unreadable: the store commits atomically, so half a file is nobody's lock.</summary>
    private async Task<LeaseRecord?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream stream = await store.OpenAsync(key, 0, null, cancellationToken);
            return await JsonSerializer.DeserializeAsync(stream, RepositoryJson.Compact.LeaseRecord, cancellationToken);
        }
        catch (Exception failure) when (failure is ObjectNotFoundException or JsonException)
        {
            return null;
        }
    }

    private async Task<bool> TryWriteAsync(string key, LeaseRecord record, WriteMode mode, CancellationToken cancellationToken)
    {
        try
        {
            await using IObjectWriter writer = await store.CreateAsync(key, mode, cancellationToken);
            await JsonSerializer.SerializeAsync(writer.Stream, record, RepositoryJson.Readable.LeaseRecord, cancellationToken);
            await writer.CommitAsync(cancellationToken);
            return true;
        }
        catch (ObjectExistsException)
        {
            return false;
        }
    }

    /// <summary>A lock that was taken but cannot be handed out is let go again.</summary>
    private async Task<Lease> TidyAsync(Lease taken, int generation, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteOlderAsync(taken.Name, generation, cancellationToken);
            return taken;
        }
        catch
        {
            await taken.DisposeAsync();
            throw;
        }
    }

    private async Task DeleteOlderAsync(string name, int generation, CancellationToken cancellationToken)
    {
        for (int older = generation - 1; older > 0; older--)
        {
            string key = KeyOf(name, older);
            if (await store.StatAsync(key, cancellationToken) is null)
            {
                return;
            }

            await store.DeleteAsync(key, cancellationToken);
        }
    }

    private static string KeyOf(string name, int generation) =>
        string.Create(CultureInfo.InvariantCulture, $"{RepositoryKeys.Locks}{name}.{generation:D8}.json");

    private static AiShellException Busy(HeldLock held) => new(
        ErrorKind.Busy,
        $"The lock '{held.Name}' is {held.Holder}.",
        "Wait until it is done; if that process is gone, 'ai-shell repo unlock' frees its lock.");

    [GeneratedRegex(@"^locks/(?<name>.+)\.(?<generation>[0-9]{8})\.json$", RegexOptions.CultureInvariant)]
    private static partial Regex LockFile();
}
