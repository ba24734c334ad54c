namespace AiShell.Engines;

/// <summary>One step of the order in which a restore brings a backup's parts; the next begins when it is done.</summary>
/// <param name="Parallelism">How many runs are loaded at once; 1 keeps the order of <paramref name="Runs"/>.</param>
/// <param name="Runs">Of each, the parts arrive one after another.</param>
public sealed record LoadStage(int Parallelism, IReadOnlyList<IReadOnlyList<BackupPart>> Runs)
{
    /// <summary>Phase after phase in the backup's order, every part for itself, so many of the data at once.</summary>
    public static IReadOnlyList<LoadStage> ByPhase(IReadOnlyList<BackupPart> parts, int dataParallelism) =>
    [
        OneAtATime(parts, PartPhase.Globals),
        OneAtATime(parts, PartPhase.PreData),
        new LoadStage(dataParallelism, [.. parts.Where(part => part.Phase == PartPhase.Data).Select(part => new[] { part })]),
        OneAtATime(parts, PartPhase.PostData),
    ];

    public static LoadStage OneAtATime(IEnumerable<BackupPart> parts, PartPhase phase) => new(1, [[.. parts.Where(part => part.Phase == phase)]]);
}
