using AiShell.Engines.Sqlite.Log;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// A restore: the new copy is built in a staging folder beside the target, proved, and renamed into place; or, when only
/// some tables are wanted in a database that stands there, they are moved over in one transaction.
/// </summary>
internal sealed class SqliteTarget : IRestoreTarget
{
    private const string LoadingSettings =
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768; PRAGMA locking_mode = EXCLUSIVE";

    private readonly string _target;
    private readonly BackupContents _contents;
    private readonly TargetOptions _options;
    private readonly StagingFolder _staging;
    private readonly PageImage? _pages;
    private readonly PageReplay? _replay;
    private readonly SqliteConnection? _connection;
    private readonly RowLoader? _rows;
    private string _copy;

    private SqliteTarget(string target, BackupContents contents, TargetOptions options, StagingFolder staging)
    {
        _target = target;
        _contents = contents;
        _options = options;
        _staging = staging;
        _copy = staging.PathOf(StagingFolder.CopyName);
        if (contents.Format == BackupFormat.Native)
        {
            _pages = new PageImage(_copy, contents.PlainBytes);
            _replay = new PageReplay(_pages);
            return;
        }

        using (var file = File.OpenHandle(_copy, FileMode.CreateNew, FileAccess.Write))
        {
            DatabaseFile.MakePrivate(file);
        }

        _connection = SqliteSession.Open(_copy, SqliteAccess.Creator, TimeSpan.Zero);
        SqliteSession.Execute(_connection, LoadingSettings);
        _rows = new RowLoader(_connection);
    }

    /// <summary>Goes on with a copy of pages that stands in a staging folder.</summary>
    internal SqliteTarget(string target, BackupContents contents, TargetOptions options, StagingFolder staging, PageImage pages)
    {
        _target = target;
        _contents = contents;
        _options = options;
        _staging = staging;
        _copy = staging.PathOf(StagingFolder.CopyName);
        _pages = pages;
        _replay = new PageReplay(pages);
    }

    private bool TakesSome => _options.IntoExisting || !_options.Tables.TakesAll;

    public static async Task<IRestoreTarget> OpenAsync(
        string path, BackupContents contents, TargetOptions options, CancellationToken cancellationToken)
    {
        string target = DatabaseFile.Resolve(path);
        if (Directory.Exists(target))
        {
            throw TargetInspection.IsDirectory(target);
        }

        if (File.Exists(target))
        {
            options = options with { IntoExisting = options.IntoExisting || contents.Scope == BackupScope.DataOnly };
        }
        else
        {
            options = contents.Scope == BackupScope.DataOnly ? throw TargetInspection.NoTables(target) : options with { IntoExisting = false };
        }

        await TargetInspection.RequireConsentAsync(target, contents, options, cancellationToken);
        StagingFolder staging = TargetInspection.Guard(target, () => StagingFolder.Create(target));
        SqliteTarget? opened = null;
        try
        {
            opened = await SqliteErrors.RunAsync(target, () => new SqliteTarget(target, contents, options, staging), cancellationToken);
            if (contents.Scope == BackupScope.DataOnly)
            {
                await SqliteErrors.RunAsync(
                    target, () => TableTransfer.CopyDeclarations(target, opened._connection!, contents, options), cancellationToken);
            }

            return opened;
        }
        catch
        {
            if (opened is null)
            {
                staging.Dispose();
            }
            else
            {
                await opened.DisposeAsync();
            }

            throw;
        }
    }

    public IReadOnlyList<LoadStage> Arrange(IReadOnlyList<BackupPart> parts) => LoadStage.ByPhase(parts, _pages is null ? 1 : _options.Workers);

    public Task LoadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) =>
        _pages is not null
            ? _pages.WriteAsync(part, plain, cancellationToken)
            : SqliteErrors.RunAsync(
                _target,
                async () =>
                {
                    await _rows!.LoadAsync(part, plain, cancellationToken);
                    return true;
                },
                cancellationToken);

    public Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => _replay!.ApplyAsync(part, plain, cancellationToken);

    public async Task<IReadOnlyList<TableDigest>> CompleteAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        Close();
        if (_pages is not null)
        {
            PageHeader.RequireComplete(_copy, _contents);
            PageReplay.RequireImage(_copy, _contents);
        }

        // Also before a move into another database: tables that were not loaded, virtual ones above all, would fail the check.
        if (TakesSome && _contents.Scope != BackupScope.DataOnly)
        {
            string all = _copy;
            _copy = _staging.PathOf("some.db");
            await SqliteErrors.RunAsync(_target, () => TableTransfer.CopyToNew(all, _copy, _options), cancellationToken);
        }

        IReadOnlyList<TableDigest> found = await ReadBackAsync(fingerprints, cancellationToken);
        DatabaseFile.Flush(_copy);
        return found;
    }

    public async Task PromoteAsync(CancellationToken cancellationToken)
    {
        await TargetInspection.RequireConsentAsync(_target, _contents, _options, cancellationToken);
        if (_options.IntoExisting)
        {
            await SqliteErrors.RunAsync(
                _target, () => TableTransfer.MoveIntoAsync(_copy, _target, _contents.Scope, _options, cancellationToken), cancellationToken);
        }
        else
        {
            await SqliteErrors.RunAsync(
                _target, () => Promotion.RunAsync(_copy, _target, _options, cancellationToken), cancellationToken);
        }

        _staging.IsKept = false;
    }

    public async Task<string> KeepAsync(string note, CancellationToken cancellationToken)
    {
        new KeptFile(note, await Task.Run(() => KeptFile.ImageOf(_copy), cancellationToken)).Write(_staging.Path);
        _staging.IsKept = true;
        _staging.RemoveOthers(_target);
        return _copy;
    }

    public ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        _pages?.Dispose();
        _staging.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Close()
    {
        if (_pages is not null)
        {
            _pages.Flush();
            _pages.Dispose();
        }

        if (_connection is not null)
        {
            if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle!) == 0)
            {
                throw new AiShellException(
                    ErrorKind.Integrity, "The backup's last script does not end its transaction: a part is missing.", "Use another backup ('ai-shell backup list').");
            }

            _connection.Dispose();
        }
    }

    /// <summary>
    /// Violated foreign keys are not an error of the restore where the source had them too. With them the rows are
    /// compared one by one, whatever was asked for: either they are the source's, or the copy is wrong. A chain's copy was compared page by page.
    /// </summary>
    private async Task<IReadOnlyList<TableDigest>> ReadBackAsync(bool fingerprints, CancellationToken cancellationToken)
    {
        HashSet<TableName> wanted = [.. _contents.Tables.Select(table => table.Table)];
        bool Takes(SqliteTable table) => (_contents.HasLinks || wanted.Contains(table.Name)) && _options.Tables.Takes(table.Name);
        Task<bool> keysHold = fingerprints || TakesSome || _contents.HasLinks
            ? Task.FromResult(true)
            : SqliteErrors.RunAsync(_target, () => DatabaseCheck.ForeignKeysHold(_copy, cancellationToken), cancellationToken);
        ReaderResult found;
        try
        {
            found = await DatabaseCheck.RunAsync(_copy, Takes, fingerprints, 0, _options.Workers, cancellationToken);
        }
        catch
        {
            // What the structure's check says comes first; the file must not go while somebody reads it.
            await ((Task)keysHold).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        if (!await keysHold)
        {
            ReaderResult rows = await DatabaseCheck.ReadTablesAsync(_copy, Takes, true, 0, _options.Workers, cancellationToken);
            if (!rows.Tables.ToHashSet().SetEquals(_contents.Tables))
            {
                throw new AiShellException(
                    ErrorKind.Integrity,
                    "The restored copy has rows that refer to missing rows, which the backed-up database did not have.",
                    "Use another backup ('ai-shell backup list').");
            }
        }

        return found.Tables;
    }
}
