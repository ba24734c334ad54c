using AiShell.Engines.Sqlite.Log;

namespace AiShell.Engines.Sqlite;

/// <summary>Puts the page images of a backup together in a private file, checks it, and reads its rows by SQL.</summary>
internal sealed class PageBackupReader : IBackupReader
{
    private readonly BackupContents _contents;
    private readonly ReaderOptions _options;
    private readonly string _path;
    private readonly PageImage _image;
    private readonly PageReplay _replay;

    public PageBackupReader(BackupContents contents, ReaderOptions options)
    {
        _contents = contents;
        _options = options;
        _path = Path.Combine(options.ScratchDirectory, $"verify-{Guid.NewGuid():N}.db");
        _image = new PageImage(_path, contents.PlainBytes);
        _replay = new PageReplay(_image);
    }

    public int Parallelism => _options.Workers;

    public Task ReadAsync(BackupPart part, Stream plain, CancellationToken cancellationToken) =>
        _image.WriteAsync(part, plain, cancellationToken);

    public Task ApplyAsync(LinkPart part, Stream plain, CancellationToken cancellationToken) => _replay.ApplyAsync(part, plain, cancellationToken);

    public Task<ReaderResult> CompleteAsync(CancellationToken cancellationToken)
    {
        _image.Dispose();
        PageHeader.RequireComplete(_path, _contents);
        PageReplay.RequireImage(_path, _contents);
        return DatabaseCheck.RunAsync(
            _path, _ => true, fingerprints: true, _options.SampleRows, _options.Workers, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _image.Dispose();
        File.Delete(_path);
        return ValueTask.CompletedTask;
    }
}
