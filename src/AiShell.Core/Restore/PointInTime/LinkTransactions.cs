using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Restore;

/// <summary>Gives each transaction of an increment or a segment to <paramref name="use"/>, in the order of the log; offsets are those in all plain bytes of its data.</summary>
/// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is damaged.</exception>
public delegate Task ReadTransactions(CatalogueEntry link, Action<LinkTransaction> use);

/// <summary>Transactions, from the link itself: an increment has no index of them, and a segment's has only what the capture knew.</summary>
internal static class LinkTransactions
{
    /// <summary>Its engine's links have their transactions one by one.</summary>
    public static bool AreIn(Manifest link) => LogOrder.LogOf(link)?.ReadLink(link.Position.Start) is not null;

    /// <summary>None where they are not.</summary>
    public static async Task ReadAsync(BackupRepository repository, CatalogueEntry link, Action<LinkTransaction> use, CancellationToken cancellationToken)
    {
        Manifest manifest = link.Require();
        if (LogOrder.LogOf(manifest)?.ReadLink(manifest.Position.Start) is not { } reader)
        {
            return;
        }

        foreach (BackupPart part in manifest.ToContents().Parts)
        {
            await repository.ReadPartAsync(
                link,
                manifest.Parts[part.Index],
                plain =>
                {
                    reader.Read(plain, transaction => use(transaction with { Offset = part.PlainOffset + transaction.Offset }));
                    return Task.CompletedTask;
                },
                _ => { },
                cancellationToken);
        }
    }
}
