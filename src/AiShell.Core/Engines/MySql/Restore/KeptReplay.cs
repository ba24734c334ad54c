namespace AiShell.Engines.MySql.Restore;

/// <summary>The replay that goes on from a kept copy, which goes when what comes of it is there.</summary>
internal sealed class KeptReplay(MySqlKeptCopy kept, ReplayTarget replay) : IRestoreTarget
{
    public string? KeptAs => replay.KeptAs;

    public IReadOnlyList<string> Warnings => replay.Warnings;

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => replay.Arrange(parts);

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) => replay.LoadAsync(part, plain, cancellationToken);

    public Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => replay.ApplyAsync(part, plain, cancellationToken);

    public Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken) => replay.CompleteAsync(fingerprints, cancellationToken);

    public async Task PromoteAsync(CancellationToken cancellationToken)
    {
        await replay.PromoteAsync(cancellationToken);
        await kept.DropAsync(cancellationToken);
    }

    public async Task<string> KeepAsync(string note, CancellationToken cancellationToken)
    {
        string place = await replay.KeepAsync(note, cancellationToken);
        await kept.DropAsync(cancellationToken);
        return place;
    }

    public ValueTask DisposeAsync() => replay.DisposeAsync();
}
