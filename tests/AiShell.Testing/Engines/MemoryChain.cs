using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>A base and its links, held in memory.</summary>
public sealed record MemoryChain(IReadOnlyList<MemoryBackup> Links)
{
    public MemoryBackup Base => Links[0];

    public MemoryBackup End => Links[^1];

    public ChainSoFar SoFar => new(
        End.Position, [.. Links.Select(link => link.Link)], async (link, part, use, _) =>
        {
            await using Stream content = Links[link].OpenPart(part);
            await use(content);
        });

    public static async Task<MemoryChain> BeginAsync(IDatabaseEngine engine, DatabaseAddress address, SnapshotOptions options) =>
        new([await MemoryBackup.MakeAsync(engine, address, options with { Format = engine.Log!.BaseFormat })]);

    /// <summary>Adds what changed since the last link.</summary>
    public async Task<MemoryChain> ContinueAsync(IDatabaseEngine engine, DatabaseAddress address, SnapshotOptions options)
    {
        options = options with { Format = engine.Log!.BaseFormat };
        await using ISnapshot snapshot = await engine.Log.OpenChangesAsync(address, SoFar, options, default);
        return this with { Links = [.. Links, await MemoryBackup.WriteAsync(engine, snapshot, options)] };
    }

    /// <summary>What a restore brings, as a repository says it.</summary>
    public BackupContents Contents => Links.Count == 1 ? Base.Contents : Base.Contents with { Tables = End.Contents.Tables, Image = End.Contents.Image, HasLinks = true };

    /// <summary>Restores and promotes.</summary>
    public async Task RestoreAsync(IDatabaseEngine engine, DatabaseAddress address, TargetOptions options)
    {
        await using IRestoreTarget target = await engine.OpenTargetAsync(address, Contents, options, default);
        await Base.LoadAsync(target, options.Tables);
        await ReplayAsync(target.ApplyAsync);
        await target.CompleteAsync(fingerprints: true, default);
        await target.PromoteAsync(default);
    }

    /// <summary>Reads everything as deep verification does.</summary>
    public async Task<ReaderResult> ReadAsync(IDatabaseEngine engine, ReaderOptions options)
    {
        await using IBackupReader reader = await engine.OpenReaderAsync(Contents, options, default);
        await Base.ReadIntoAsync(reader);
        await ReplayAsync(reader.ApplyAsync);
        return await reader.CompleteAsync(default);
    }

    private async Task ReplayAsync(Func<LinkPart, Stream, CancellationToken, Task> apply)
    {
        foreach ((int index, MemoryBackup link) in Links.Skip(1).Index())
        {
            foreach (BackupPart part in link.Contents.Parts)
            {
                await apply(new LinkPart(index + 1, part, IsLast: part == link.Contents.Parts[^1]), link.OpenPart(part), default);
            }
        }
    }
}
