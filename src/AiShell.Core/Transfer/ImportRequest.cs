using AiShell.Connections;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Transfer;

/// <param name="Path">An exported file (with its <c>.metadata.json</c> beside it), or a foreign database file or script.</param>
/// <param name="Engines">Who may recognise a foreign file, in this order.</param>
/// <param name="Database">File the backup under this name; null: the name it had, or the file's.</param>
/// <param name="Compression">For foreign files, and for parts that have to be compressed again.</param>
/// <param name="Trust">Accept a file that grows more than five hundred times when decompressed.</param>
public sealed record ImportRequest(
    string Path,
    IReadOnlyList<IDatabaseEngine> Engines,
    string? Database,
    string? Name,
    CompressionSettings Compression,
    int Workers,
    TimeSpan LockWait,
    bool Trust,
    string ScratchDirectory)
{
    /// <summary>A database whose server may take the throw-away one that a foreign file is loaded into; null where none was named.</summary>
    public DatabaseAddress? Near { get; init; }
}

/// <param name="Recognised">What the file was taken for, in words.</param>
public sealed record ImportResult(CatalogueEntry Entry, string Path, string Recognised);
