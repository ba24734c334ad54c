using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Works out a restore: pure, so that a dry run shows exactly what the real one would do.</summary>
internal static class RestorePlanner
{
    /// <summary>Some tables, or rows without their schema, go into the database that stands there; anything else is a new one.</summary>
    public static bool GoesIntoExisting(Manifest manifest, TableFilter tables, bool targetExists) =>
        targetExists && (!tables.TakesAll || manifest.Scope == BackupScope.DataOnly);

    public static RestorePlan Plan(RestoreRequest request, BackupChain chain, TargetState state, bool intoExisting)
    {
        Manifest manifest = request.Entry.Require();
        ManifestTable[] tables = [.. manifest.Tables.Where(table => request.Tables.Takes(new TableName(table.Schema, table.Name)))];
        return new RestorePlan(
            manifest.Id,
            manifest.Database,
            manifest.CreatedAt,
            manifest.Engine,
            manifest.Format,
            request.Target.Display,
            state.Exists,
            intoExisting,
            request.KeepStaging ? [] : state.Replaced,
            [.. tables.Select(table => new TableName(table.Schema, table.Name).ToString())],
            tables.Sum(table => table.Rows),
            chain.PlainBytes,
            chain.StoredBytes,
            state.NeededBytes,
            state.FreeBytes,
            StepsOf(request, chain, tables, state, intoExisting),
            ProblemsOf(request, manifest, state))
        {
            IsProvedByImage = chain.Contents.IsProvedByImage,
            Chain = [.. chain.Entries.Select(entry => entry.Id)],
            Warnings = state.Warnings,
            Hints = [.. state.Obstacles.Select(obstacle => obstacle.Hint).OfType<string>().Distinct()],
            Recovery = request.Recovery,
        };
    }

    private static List<string> StepsOf(RestoreRequest request, BackupChain chain, ManifestTable[] tables, TargetState state, bool intoExisting)
    {
        List<string> steps = [];
        bool hasLinks = chain.Entries.Count > 1;
        int parts = chain.Entries.Sum(entry => entry.Require().Parts.Count);
        steps.Add(request.VerifyFirst
            ? $"verify {parts} parts ({ByteSize.Format(chain.StoredBytes)}) and every row in them"
            : $"check each of {parts} parts ({ByteSize.Format(chain.StoredBytes)}) before it is used");
        if (state.Makes.Count > 0)
        {
            steps.Add($"make what the server lacks: {string.Join(", ", state.Makes)}; what it has stays as it is");
        }

        steps.Add(hasLinks
            ? $"load the full backup {chain.Base.Id} into a new copy beside the target{OverIt(chain)}"
            : $"load {tables.Length} tables with {tables.Sum(table => table.Rows):N0} rows into a new copy beside the target");
        if (request.Recovery is { Segments: { Count: > 0 } segments } recovery)
        {
            steps.Add($"replay the log, {Name(segments)}, up to '{recovery.Reached}', committed by {RecoveryTarget.Show(recovery.CommittedAt!.Value)}");
        }

        if (chain is { StopOffset: not null, End: var stopped } && stopped.Require().Segment is null)
        {
            steps.Add($"of {stopped.Id} only what is before '{request.Recovery!.Reached}'");
        }

        steps.Add(hasLinks && chain.Contents.Image is null ? "check the whole copy as the engine does" : hasLinks ? "compare the whole copy with the sum that the manifest has" : request.VerifyFirst ? "compare every table's rows and fingerprint with the manifest" : "compare every table's rows with the manifest");
        steps.Add((state.Exists, intoExisting) switch
        {
            _ when request.KeepStaging => "keep the copy beside the target, which stays as it is",
            (true, true) => "put the tables into the target in one step, its other tables untouched",
            (true, false) when request.KeepOld => "replace the target by the copy in one step, keeping the old one under another name",
            (true, false) => "replace the target by the copy in one step",
            _ => "give the copy the target's name",
        });
        return steps;
    }

    internal static string Name(IReadOnlyList<CatalogueEntry> segments)
    {
        string kind = segments[0].Require().Segment is null ? "increment" : "segment";
        return segments.Count == 1 ? $"{kind} {segments[0].Id}" : $"{segments.Count} {kind}s from {segments[0].Id} to {segments[^1].Id}";
    }

    private static string OverIt(BackupChain chain) =>
        chain.Links.Where(link => link.Require().Segment is null).Select(link => link.Id).ToArray() is { Length: > 0 } links ? $", and over it what changed: {string.Join(", ", links)}" : "";

    private static List<string> ProblemsOf(RestoreRequest request, Manifest manifest, TargetState state)
    {
        List<string> problems = [.. state.Obstacles.Select(obstacle => obstacle.Message)];
        if (state.FreeBytes < state.NeededBytes)
        {
            problems.Add($"not enough space for the new copy: it needs about {ByteSize.Format(state.NeededBytes)}, {ByteSize.Format(state.FreeBytes.Value)} are free");
        }

        if (manifest.Kind != BackupKind.Full && manifest.Tables.Count == 0)
        {
            // Which tables there are shows when the copy is there.
            return problems;
        }

        TableName[] known = [.. manifest.Tables.Select(table => new TableName(table.Schema, table.Name))];
        problems.AddRange(request.Tables.PatternsWithoutMatch(known).Select(pattern => NoMatch(pattern, known)));
        return problems;
    }

    /// <summary>A virtual table's rows are in tables of their own, named after it.</summary>
    private static string NoMatch(string pattern, TableName[] known) =>
        known.FirstOrDefault(table => table.Name.StartsWith(pattern + "_", StringComparison.Ordinal)) is { } similar
            ? $"the backup has no table that matches '{pattern}', but '{similar}'; '{pattern}*' takes a virtual table with the tables that keep its rows"
            : $"the backup has no table that matches '{pattern}'";
}
