namespace AiShell.Engines.Sqlite;

/// <summary>A copy in the staging folder of a restore that kept it.</summary>
internal sealed class SqliteKeptCopy : IKeptCopy
{
    private readonly string _target;
    private readonly KeptFile _kept;
    private StagingFolder? _staging;

    private SqliteKeptCopy(string target, StagingFolder staging, KeptFile kept)
    {
        _target = target;
        _staging = staging;
        _kept = kept;
    }

    public string Note => _kept.Note;

    /// <summary>Null where there is none.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another restore has it.</exception>
    public static IKeptCopy? Open(string path)
    {
        string target = DatabaseFile.Resolve(path);
        StagingFolder? staging = TargetInspection.Guard(target, () => StagingFolder.TakeKept(target));
        try
        {
            return staging is null ? null : new SqliteKeptCopy(target, staging, KeptFile.Read(staging.Path));
        }
        catch
        {
            staging!.Dispose();
            throw;
        }
    }

    public async Task<IRestoreTarget> GoOnAsync(BackupContents contents, TargetOptions options, string begun, CancellationToken cancellationToken)
    {
        StagingFolder staging = _staging ?? throw new InvalidOperationException("It was taken up already.");
        string copy = staging.PathOf(StagingFolder.CopyName);
        await Task.Run(() => RequireUntouched(copy), cancellationToken);
        new KeptFile(begun, Image: null).Write(staging.Path);
        _staging = null;
        return new SqliteTarget(_target, contents, options, staging, PageImage.Reopen(copy));
    }

    public ValueTask DisposeAsync()
    {
        _staging?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Whoever looked at the copy may have left a log beside it, which has nothing.</summary>
    private void RequireUntouched(string copy)
    {
        bool isTouched = DatabaseFile.HasContent(copy + "-wal") || DatabaseFile.HasContent(copy + "-journal") || (_kept.Image is { } image && KeptFile.ImageOf(copy) != image);
        if (isTouched)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The kept copy '{copy}' was changed since: the log does not go on from it.", "Restore anew, without --continue.");
        }

        foreach (string companion in (string[])["-wal", "-shm", "-journal"])
        {
            File.Delete(copy + companion);
        }
    }
}
