using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Verification;

/// <param name="Deep">Also decompress and parse every byte, and compare each table's rows and fingerprint.</param>
public sealed record VerifyRequest(CatalogueEntry Entry, IDatabaseEngine? Engine, bool Deep, int Workers, string ScratchDirectory);

/// <summary>What a verification found.</summary>
/// <param name="Problems">One line each, naming the part or table; empty when all is well.</param>
public sealed record VerifyReport(
    string BackupId, string Database, bool Deep, int PartsChecked, int TablesChecked, long BytesChecked, IReadOnlyList<string> Problems)
{
    public bool IsGood => Problems.Count == 0;

    /// <summary>The whole copy was compared, page by page, with the sum in the manifest: so it is with increments of images.</summary>
    public bool ImageCompared { get; init; }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>, naming every problem.</exception>
    public void ThrowIfBad()
    {
        if (!IsGood)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"The backup {BackupId} is not whole: {string.Join("; ", Problems)}.",
                "Do not rely on it. Make a new backup, and find out what damaged the store.");
        }
    }
}
