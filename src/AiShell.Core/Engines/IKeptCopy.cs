namespace AiShell.Engines;

/// <summary>
/// A copy that a restore left beside its target (<see cref="IRestoreTarget.KeepAsync"/>), held: nobody else can have it meanwhile. Disposing lets go of it and changes nothing.
/// </summary>
public interface IKeptCopy : IAsyncDisposable
{
    /// <summary>What was kept with it, word for word.</summary>
    string Note { get; }

    /// <summary>
    /// Takes the copy up as it stands: links can be applied at once, then it is completed, and kept again or promoted. Until one of both is done it is left as it is, with <paramref name="begun"/> for a note where anything of it
    /// was changed.
    /// </summary>
    /// <param name="contents">What the copy is to become; without parts.</param>
    /// <param name="begun">Durable before anything of the copy is changed.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: somebody has changed the copy, unless it was being changed by us when we were interrupted.</exception>
    Task<IRestoreTarget> GoOnAsync(BackupContents contents, TargetOptions options, string begun, CancellationToken cancellationToken);
}
