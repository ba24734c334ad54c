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
    private const string MetadataSuffix = ".metadata.json";

    private readonly Argument<string[]> _paths = new("path") { Description = "Exports of ai-shell, SQLite files, SQL scripts, or pg_dump's scripts and archives (plain, gzip, bzip2, zstd); a directory means every file in it", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _database = CommonOptions.Database("File the backups under this database; where it is a connection, its server takes the throw-away copy that a foreign file is loaded into");
    private readonly Option<string> _name = new("--name", "-n") { Description = "What to call the backup", HelpName = "name" };
    private readonly Option<string> _compression = CommonOptions.Compression();
    private readonly Option<string> _level = CommonOptions.Level();
    private readonly Option<string> _jobs = CommonOptions.Jobs();
    private readonly Option<string> _lockWait = CommonOptions.LockWait();
    private readonly Option<bool> _trust = new("--trust") { Description = "Accept a file that grows more than five hundred times when decompressed" };

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
        "ai-shell backup import ./exports/",
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
        string[] paths = FilesOf(parse.GetRequiredValue(_paths).Select(path => Path.GetFullPath(session.Environment.ExpandTilde(path))));
        BackupRepository repository = await session.OpenRepositoryAsync(create: true, cancellationToken);
        var job = new ImportJob(repository, session.Clock, session.Progress);
        var documents = new List<ImportDocument>();
        var failures = new List<AiShellException>();
        foreach (string path in paths)
        {
            try
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
                        session.ScratchDirectory)
                    {
                        Near = parse.GetValue(_database) is { } text ? session.Databases.TryResolve(text)?.Address : null,
                    },
                    cancellationToken);
                session.SubjectBackup = result.Entry.Id;
                session.SubjectDatabase = result.Entry.Database;
                documents.Add(new ImportDocument(path, result.Recognised, BackupDescription.Describe(repository, result.Entry, [])));
            }
            catch (AiShellException failure) when (paths.Length > 1)
            {
                // One bad file of many must not keep the others out; all of them are named at the end.
                failures.Add(failure);
            }
        }

        session.EndProgress();
        Show(session, documents);
        if (failures is not [var first, ..])
        {
            return 0;
        }

        session.Output.Fail(
            Failure.Of(first, 0, Stopped).Kind, $"{failures.Count} of {paths.Length} files were not imported: {string.Join(" ", failures.Select(failure => failure.Message))}", first.Hint, (int)first.Kind);
        return (int)first.Kind;
    }

    /// <summary>The files themselves, and those of each directory; what only describes a file beside it means that file.</summary>
    private static string[] FilesOf(IEnumerable<string> paths)
    {
        var files = new List<string>();
        foreach (string path in paths)
        {
            if (Directory.Exists(path))
            {
                files.AddRange(Directory.EnumerateFiles(path).Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal));
            }
            else
            {
                files.Add(File.Exists(path) ? path : throw new AiShellException(
                    ErrorKind.NotFound, $"There is no file '{path}'.", "Give the path of an exported file, a database file or a script."));
            }
        }

        return files.Count > 0 ? [.. files.Select(DescribedBy).Distinct()] : throw new AiShellException(
            ErrorKind.NotFound, $"There is no file to import in '{string.Join("', '", paths)}'.", "Give the path of an exported file, a database file or a script.");
    }

    private static string DescribedBy(string file) =>
        file.EndsWith(MetadataSuffix, StringComparison.Ordinal) && File.Exists(file[..^MetadataSuffix.Length]) ? file[..^MetadataSuffix.Length] : file;

    private static void Show(Session session, List<ImportDocument> documents) =>
        session.Output.Show(new Answer<IReadOnlyList<ImportDocument>>(documents, Documents.Default.IReadOnlyListImportDocument, page =>
        {
            foreach (ImportDocument document in documents)
            {
                page.Line($"Imported {document.Path} ({document.Recognised}).");
                BackupDescription.PrintFacts(page, document.Backup, null);
            }
        }));
}
