using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Repository;
using AiShell.Repository.Codecs;
using AiShell.Transfer;

namespace AiShell.Cli.Commands.Backups;

internal sealed class ExportCommand : SessionCommand
{
    private readonly Argument<string[]> _arguments = new("id... path")
    {
        Description = "Backups, then the file to write; a directory for several",
        Arity = new ArgumentArity(2, 10_000),
    };

    private readonly Option<string> _database = CommonOptions.Database("Which database's, for 'latest'");
    private readonly Option<string> _compression = CommonOptions.Compression();
    private readonly Option<string> _level = CommonOptions.Level();
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists" };

    public ExportCommand()
        : base("export", "Write backups as ordinary files that the database's own client restores")
    {
        Add(_arguments);
        Add(_database);
        Add(_compression);
        Add(_level);
        Add(_force);
    }

    public override string? Operation => "export";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup export latest ./shop.sql.gz",
        "ai-shell backup export latest ./shop.sql --compression none",
        "ai-shell backup export backup-20261122 backup-20261123 ./exports/",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string[] arguments = parse.GetRequiredValue(_arguments);
        string[] ids = arguments[..^1];
        string destination = session.Environment.ExpandTilde(arguments[^1]);
        bool intoDirectory = Directory.Exists(destination) || destination.EndsWith('/') || ids.Length > 1;
        CompressionSettings? compression = CompressionOf(parse.GetValue(_compression), parse.GetValue(_level));
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);

        // All are found, and all places looked at, before the first is written: a wrong id must not leave half the work.
        var entries = new List<CatalogueEntry>();
        foreach (string id in ids)
        {
            entries.Add(await BackupSelection.FindAsync(session, repository, id, parse.GetValue(_database), cancellationToken));
        }

        if (intoDirectory)
        {
            Directory.CreateDirectory(destination);
        }

        ExportRequest[] requests =
        [
            .. entries.DistinctBy(entry => entry.Id).Select(entry => new ExportRequest(
                entry,
                intoDirectory ? Path.Combine(destination, ExportJob.FileNameFor(entry.Require(), compression)) : destination,
                compression,
                parse.GetValue(_force))),
        ];
        foreach (ExportRequest request in requests)
        {
            ExportJob.EnsureFree(request);
        }

        var job = new ExportJob(repository, session.Clock, session.Progress);
        var documents = new List<ExportDocument>();
        foreach (ExportRequest request in requests)
        {
            ExportResult result = await job.RunAsync(request, cancellationToken);
            documents.Add(new ExportDocument(result.BackupId, result.Path, result.SizeBytes, result.Sha256, result.MetadataPath, result.GlobalsPath));
        }

        session.EndProgress();
        session.Output.Show(new Answer<IReadOnlyList<ExportDocument>>(documents, Documents.Default.IReadOnlyListExportDocument, page =>
        {
            foreach (ExportDocument document in documents)
            {
                page.Line($"Exported {document.Id}.");
                page.Facts(("File", document.Path), ("Size", ByteSize.Format(document.SizeBytes)), ("SHA-256", document.Sha256), ("About it", document.MetadataPath), ("Globals", document.GlobalsPath));
            }
        }));
        return 0;
    }

    private static CompressionSettings? CompressionOf(string? codec, string? level)
    {
        if (codec is null)
        {
            return level is null ? null : throw new AiShellException(ErrorKind.Usage, "--level needs --compression.", "Add --compression gzip, for example.");
        }

        level ??= "default";
        SettingKey.Level.Check(level, "--level");
        return CodecRegistry.Settings(codec, level == "default" ? null : SettingText.Whole(level));
    }
}
