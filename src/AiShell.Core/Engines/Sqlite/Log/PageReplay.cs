namespace AiShell.Engines.Sqlite.Log;

/// <summary>Lays the pages of a chain's links over its base, in a private file.</summary>
internal sealed class PageReplay(PageImage image)
{
    private WalReader _log = new();
    private int _link;

    /// <inheritdoc cref="IRestoreTarget.ApplyAsync"/>
    public async Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken)
    {
        if (part.Link != _link)
        {
            _log = new WalReader();
            _link = part.Link;
        }

        await _log.ReadAsync(
            plain,
            async (page, content, committedPages) =>
            {
                await image.WriteAsync(content, (page - 1L) * content.Length, cancellationToken);
                if (committedPages != 0)
                {
                    image.SetLength((long)committedPages * content.Length);
                }
            },
            cancellationToken);
        if (part.IsLast && !_log.IsCommitted)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The backup is damaged: link {part.Link} of its chain ends within a transaction.", "Use another backup ('ai-shell backup list').");
        }
    }

    /// <summary>Compares the finished file with what the chain's end says.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is another.</exception>
    public static void RequireImage(string path, BackupContents contents)
    {
        if (!contents.IsProvedByImage)
        {
            return;
        }

        TableFingerprint expected = contents.Image!.Value;
        TableFingerprint found = PageHashing.OfFile(path);
        if (found != expected)
        {
            throw new AiShellException(
                ErrorKind.Integrity,
                $"The copy that the chain of backups gives has {found.Rows:N0} pages that sum to {found.ToHex()}; the backed-up database had {expected.Rows:N0} and {expected.ToHex()}.",
                "The target was not touched. 'ai-shell backup verify --all' finds the damaged backup; an earlier one may be whole.");
        }
    }
}
