using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Transfer;

namespace AiShell.Cli.Commands.Backups;

internal sealed class ImportCommand : SessionCommand
{
    private readonly Argument<string[]> _paths = new("path") { Description = "Exports of ai-shell, SQLite files, or SQL scripts (plain, gzip, bzip2, zstd)", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _database = CommonOptions.Database("File the backups under this database");
    private readonly Option<string> _name = new("--name", "-n") { Description = "What to call the backup", HelpName = "name" };
    private readonly Option<string> _compression = CommonOptions.Compression();
    private readonly Option<string> _level = CommonOptions.Level();
    private readonly Option<string> _jobs = CommonOptions.Jobs();
    private readonly Option<string> _lockWait = CommonOptions.LockWait();
    private readonly Option<bool> _trust = new("--trust") { Description = "Accept a file that grows more than a thousandfold when decompressed" };

    public ImportCommand()
        : base("import", "Take files into the repository as backups")
    {
        Add(_paths);
        Add(_database);
        Add(_name);
        Add(_compression);
        Add(_level);
        Add(_jobs);
        Add(_lockWait);
        Add(_trust);
    }

    public override string? Operation => "import";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup import ./shop.sql.gz",
        "ai-shell backup import ./old-copy.db -d shop --name from-the-old-server",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        Settings settings = session.Settings
            .With(SettingKey.Compression, parse.GetValue(_compression), "--compression")
            .With(SettingKey.Level, parse.GetValue(_level), "--level")
            .With(SettingKey.Jobs, parse.GetValue(_jobs), "--jobs")
            .With(SettingKey.LockWait, parse.GetValue(_lockWait), "--lock-wait");
        string? database = parse.GetValue(_database) is { } given ? session.Databases.NameOf(given) : null;
        session.SubjectDatabase = database;
        string[] paths = [.. parse.GetRequiredValue(_paths).Select(path => Path.GetFullPath(session.Environment.ExpandTilde(path)))];
        if (Array.Find(paths, path => !File.Exists(path)) is { } missing)
        {
            throw new AiShellException(ErrorKind.NotFound, $"There is no file '{missing}'.", "Give the path of an exported file, a database file or a script.");
        }

        BackupRepository repository = await session.OpenRepositoryAsync(create: true, cancellationToken);
        var job = new ImportJob(repository, session.Clock, session.Progress);
        var documents = new List<ImportDocument>();
        foreach (string path in paths)
        {
            ImportResult result = await job.RunAsync(
                new ImportRequest(
                    path,
                    session.Engines.All,
                    database,
                    parse.GetValue(_name),
                    CodecRegistry.Settings(settings.Compression, settings.Level),
                    settings.Jobs,
                    settings.LockWait,
                    parse.GetValue(_trust),
                    session.ScratchDirectory),
                cancellationToken);
            session.SubjectBackup = result.Entry.Id;
            session.SubjectDatabase = result.Entry.Database;
            documents.Add(new ImportDocument(path, result.Recognised, BackupDescription.Describe(repository, result.Entry, [])));
        }

        session.EndProgress();
        session.Output.Show(new Answer<IReadOnlyList<ImportDocument>>(documents, Documents.Default.IReadOnlyListImportDocument, page =>
        {
            foreach (ImportDocument document in documents)
            {
                page.Line($"Imported {document.Path} ({document.Recognised}).");
                BackupDescription.PrintFacts(page, document.Backup, null);
            }
        }));
        return 0;
    }
}
