using System.Text.Json;
using AiShell.Engines;

namespace AiShell.Repository;

/// <summary>The list of a segment's transactions: JSON, one a line.</summary>
internal static class SegmentIndex
{
    public static void Write(Stream stream, IEnumerable<SegmentCommit> commits)
    {
        foreach (SegmentCommit commit in commits)
        {
            stream.Write(JsonSerializer.SerializeToUtf8Bytes(commit, RepositoryJson.Compact.SegmentCommit));
            stream.WriteByte((byte)'\n');
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is damaged, or another segment's.</exception>
    public static async Task<IReadOnlyList<SegmentCommit>> ReadAsync(CatalogueEntry segment, Func<ManifestPart, Func<Stream, Task>, Task> read, CancellationToken cancellationToken)
    {
        Manifest manifest = segment.Require();
        List<SegmentCommit> commits = new(manifest.Segment!.Commits);
        ManifestPart index = manifest.Parts.FirstOrDefault(part => part.Phase == PartPhase.Index) ?? throw Damaged(segment);
        await read(index, async plain =>
        {
            using StreamReader lines = new(plain);
            try
            {
                while (await lines.ReadLineAsync(cancellationToken) is { } line)
                {
                    commits.Add(JsonSerializer.Deserialize(line, RepositoryJson.Compact.SegmentCommit) ?? throw new JsonException("The line is empty."));
                }
            }
            catch (JsonException)
            {
                throw Damaged(segment);
            }
        });

        long bytes = manifest.Parts.Where(part => part.Phase == PartPhase.Data).Sum(part => part.PlainBytes);
        bool isWhole = commits.Count == manifest.Segment.Commits
            && commits[^1].Offset == bytes
            && commits[^1].Position == manifest.Position.End
            && commits.Zip(commits.Skip(1)).All(pair => pair.First.Offset < pair.Second.Offset && pair.First.At <= pair.Second.At && pair.First.After <= pair.Second.After);
        return isWhole ? commits : throw Damaged(segment);
    }

    private static AiShellException Damaged(CatalogueEntry segment) => new(
        ErrorKind.Integrity,
        $"The list of transactions in '{segment.Folder.TrimEnd('/')}' is damaged.",
        "'ai-shell backup status' shows what can be recovered besides; put the file back from a copy of the repository.");
}
