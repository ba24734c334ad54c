using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using AiShell.Storage;

namespace AiShell.Repository;

/// <summary>
/// The log of one database in a repository (docs/format.md, "The log"): segments are written once, each with a number that the store lets exactly one writer
/// take, and never changed. Safe for several processes at once.
/// </summary>
public sealed partial class DatabaseLog
{
    private const string TimelineName = "timeline.json";
    private readonly IObjectStore _store;
    private readonly ManifestStore _manifests;
    private readonly LeaseStore _leases;
    private readonly string _folder;

    internal DatabaseLog(IObjectStore store, ManifestStore manifests, LeaseStore leases, string database, string folder)
    {
        _store = store;
        _manifests = manifests;
        _leases = leases;
        _folder = folder;
        Database = database;
    }

    public string Database { get; }

    /// <summary>Holds the log for one capture.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another one is at it.</exception>
    public Task<Lease> LockAsync(string operation, TimeSpan wait, CancellationToken cancellationToken) =>
        _leases.AcquireAsync($"log-{_folder}", operation, wait, cancellationToken);

    /// <summary>Marks the log as being read, so that no segment is deleted meanwhile.</summary>
    public Task<Lease> LockForReadingAsync(string operation, CancellationToken cancellationToken) =>
        _leases.AcquireSharedAsync($"reading-log-{_folder}-", operation, cancellationToken);

    /// <summary>Whether a capture is at work.</summary>
    public async Task<bool> IsFollowedAsync(CancellationToken cancellationToken) => (await _leases.ListHeldAsync($"log-{_folder}.", cancellationToken)).Count > 0;

    /// <summary>All that there is; damaged segments too.</summary>
    public async Task<LogHistory> ReadAsync(CancellationToken cancellationToken)
    {
        List<(StoredObject File, int Timeline, long Number)> segments = [];
        Dictionary<int, TimelineStart> starts = [];
        List<(int Timeline, LogHead Head)> heads = [];
        string folder = RepositoryKeys.LogFolder(_folder);
        await foreach (StoredObject file in _store.ListAsync(folder, cancellationToken))
        {
            if (LogFile().Match(file.Key[folder.Length..]) is not { Success: true } match)
            {
                continue;
            }

            int timeline = int.Parse(match.Groups["timeline"].Value, CultureInfo.InvariantCulture);
            switch (match.Groups["name"].Value)
            {
                case TimelineName:
                    starts[timeline] = await ReadAsync(file.Key, RepositoryJson.Compact.TimelineStart, cancellationToken);
                    break;
                case { Length: > 0 }:
                    heads.Add((timeline, await ReadAsync(file.Key, RepositoryJson.Compact.LogHead, cancellationToken)));
                    break;
                default:
                    segments.Add((file, timeline, long.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture)));
                    break;
            }
        }

        var places = segments.ToDictionary(segment => segment.File, segment => PlaceOf(segment.Timeline, segment.Number));
        IReadOnlyList<CatalogueEntry> entries = await _manifests.ReadAsync([.. places.Keys], file => places[file], CheckPlace, cancellationToken);
        ILookup<int, CatalogueEntry> byTimeline = entries.ToLookup(entry => int.Parse(entry.Id.Split('-')[1], CultureInfo.InvariantCulture));
        return new LogHistory(
            Database,
            [
                .. byTimeline.Select(timeline => timeline.Key).Union(starts.Keys).Union(heads.Select(head => head.Timeline)).Order()
                    .Select(number => new LogTimeline(number, starts.GetValueOrDefault(number), [.. byTimeline[number]], [.. heads.Where(head => head.Timeline == number).Select(head => head.Head)])),
            ]);
    }

    /// <summary>The history that the database is in now, without a look at its segments and heads; null where there is no log.</summary>
    public async Task<LogTimeline?> FindCurrentAsync(CancellationToken cancellationToken)
    {
        Dictionary<int, string?> timelines = [];
        string folder = RepositoryKeys.LogFolder(_folder);
        await foreach (StoredObject file in _store.ListAsync(folder, cancellationToken))
        {
            if (LogFile().Match(file.Key[folder.Length..]) is { Success: true } match)
            {
                int timeline = int.Parse(match.Groups["timeline"].Value, CultureInfo.InvariantCulture);
                timelines[timeline] = match.Groups["name"].Value == TimelineName ? file.Key : timelines.GetValueOrDefault(timeline);
            }
        }

        if (timelines.Count == 0)
        {
            return null;
        }

        (int number, string? key) = timelines.MaxBy(timeline => timeline.Key);
        return new LogTimeline(number, key is null ? null : await ReadAsync(key, RepositoryJson.Compact.TimelineStart, cancellationToken), [], []);
    }

    /// <summary>Begins a segment; nothing of it is visible before <see cref="TryCommitAsync"/>. Two that write the same need names of their own for their parts.</summary>
    public BackupWriter Begin(int timeline, long number, Lease logLock) => new(_store, Database, PlaceOf(timeline, number), logLock);

    /// <summary>From here on the segment exists. False where one of its number does already.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: the log's lock was lost; nothing was committed.</exception>
    public static Task<bool> TryCommitAsync(BackupWriter segment, Manifest manifest, CancellationToken cancellationToken) => IsFirstAsync(segment.CommitAsync(manifest, cancellationToken));

    /// <summary>Says how far a capture has got.</summary>
    public Task WriteHeadAsync(int timeline, LogHead head, CancellationToken cancellationToken) => StoreContent.WriteAsync(
        _store, KeyOf(timeline, head), JsonSerializer.SerializeToUtf8Bytes(head, RepositoryJson.Readable.LogHead), WriteMode.Replace, cancellationToken);

    /// <summary>Forgets a capture of which nothing can be used any more. The caller holds the database's lock.</summary>
    public Task DeleteHeadAsync(int timeline, LogHead head, CancellationToken cancellationToken) => _store.DeleteAsync(KeyOf(timeline, head), cancellationToken);

    /// <summary>Begins the next history. False where somebody else has just done so.</summary>
    public Task<bool> TryBeginTimelineAsync(TimelineStart start, CancellationToken cancellationToken) => IsFirstAsync(StoreContent.WriteAsync(
        _store,
        RepositoryKeys.TimelineFolder(_folder, start.Timeline) + TimelineName,
        JsonSerializer.SerializeToUtf8Bytes(start, RepositoryJson.Readable.TimelineStart),
        WriteMode.CreateOnly,
        cancellationToken));

    /// <summary>Takes the beginning of a history back that did not come to be.</summary>
    public Task TakeBackTimelineAsync(int timeline, CancellationToken cancellationToken) =>
        _store.DeleteAsync(RepositoryKeys.TimelineFolder(_folder, timeline) + TimelineName, cancellationToken);

    /// <summary>Removes a segment, its manifest first. The caller holds the database's lock.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: somebody is reading the log.</exception>
    public async Task DeleteAsync(CatalogueEntry segment, Lease databaseLock, CancellationToken cancellationToken)
    {
        if (await _leases.ListHeldAsync($"reading-log-{_folder}-", cancellationToken) is [var reader, ..])
        {
            throw new AiShellException(
                ErrorKind.Busy,
                $"The log of '{Database}' is being read by '{reader.Record.Operation}' (process {reader.Record.ProcessId} on {reader.Record.Host}).",
                "Wait until that is done.");
        }

        await databaseLock.EnsureHeldAsync(cancellationToken);
        await _store.DeleteAsync(segment.ManifestKey, cancellationToken);
        await foreach (StoredObject file in _store.ListAsync(segment.Folder, cancellationToken))
        {
            await _store.DeleteAsync(file.Key, cancellationToken);
        }
    }

    /// <summary>A segment's number, also where its manifest is damaged.</summary>
    internal static long NumberOf(CatalogueEntry segment) => long.Parse(segment.Id.Split('-')[2], CultureInfo.InvariantCulture);

    private static async Task<bool> IsFirstAsync(Task write)
    {
        try
        {
            await write;
            return true;
        }
        catch (ObjectExistsException)
        {
            return false;
        }
    }

    /// <summary>Files in segments' folders that no manifest names.</summary>
    internal async Task<IReadOnlyList<OrphanedFile>> ListOrphansAsync(CancellationToken cancellationToken)
    {
        LogHistory history = await ReadAsync(cancellationToken);
        HashSet<string> named = [.. history.Segments.SelectMany(segment => segment.Manifest?.Parts.Select(part => segment.Folder + part.Path).Append(segment.ManifestKey) ?? [])];
        string[] damaged = [.. history.Segments.Where(segment => segment.Manifest is null).Select(segment => segment.Folder)];
        List<OrphanedFile> orphans = [];
        await foreach (StoredObject file in _store.ListAsync(RepositoryKeys.LogFolder(_folder), cancellationToken))
        {
            bool isInSegment = file.Key.Split('/') is [_, _, _, { Length: 12 }, _, ..];
            if (isInSegment && !named.Contains(file.Key) && !damaged.Any(folder => file.Key.StartsWith(folder, StringComparison.Ordinal)))
            {
                orphans.Add(new OrphanedFile(file.Key, _folder, file.SizeBytes));
            }
        }

        return orphans;
    }

    private async Task<T> ReadAsync<T>(string key, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize(await StoreContent.ReadAsync(_store, key, cancellationToken), type) ?? throw new JsonException("The document is empty.");
        }
        catch (JsonException damage)
        {
            throw new AiShellException(ErrorKind.Integrity, $"'{key}' is damaged: it is not what it should be.", "Restore the file from a copy of the repository.", damage);
        }
    }

    private string KeyOf(int timeline, LogHead head) => $"{RepositoryKeys.TimelineFolder(_folder, timeline)}head-{head.Capture}.json";

    private CatalogueEntry PlaceOf(int timeline, long number) => new(
        string.Create(CultureInfo.InvariantCulture, $"segment-{timeline}-{number:D12}"), _folder, Manifest: null, Damage: null)
    {
        Folder = RepositoryKeys.SegmentFolder(_folder, timeline, number),
    };

    /// <summary>A segment copied to another folder would let one history, or one database, pass for another.</summary>
    private void CheckPlace(CatalogueEntry place, Manifest manifest)
    {
        if (manifest.Id != place.Id || manifest.Segment is null || RepositoryKeys.Encode(manifest.Database) != _folder || manifest.Segment.Commits < 1)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"'{place.ManifestKey}' is that of '{manifest.Id}' of database '{manifest.Database}': it does not belong here.",
                "Move the folder back to its place.");
        }
    }

    [GeneratedRegex("^(?<timeline>[1-9][0-9]{0,8})/((?<number>[0-9]{12})/manifest\\.json|(?<name>timeline\\.json|head-[0-9a-f]{8}\\.json))$", RegexOptions.CultureInvariant)]
    private static partial Regex LogFile();
}
