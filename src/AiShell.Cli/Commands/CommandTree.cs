using System.CommandLine;
using System.CommandLine.Help;
using AiShell.Cli.Commands.Backups;
using AiShell.Cli.Commands.Demo;
using AiShell.Cli.Commands.Repositories;

namespace AiShell.Cli.Commands;

/// <summary>All commands.</summary>
internal sealed record CommandTree(RootCommand Root, GlobalOptions Globals)
{
    public static readonly IReadOnlyList<string> Examples =
    [
        "ai-shell demo",
        "ai-shell connect ./shop.db --name shop",
        "ai-shell backup create --database shop --compression zstd",
        "ai-shell backup list",
        "ai-shell backup restore latest --database shop --dry-run",
    ];

    public static CommandTree Build()
    {
        var root = new RootCommand("Backs up and recovers databases, and proves that the backups restore.");
        var globals = new GlobalOptions();
        globals.AddTo(root);
        root.Add(new ConnectCommand());
        root.Add(new ConnectionsCommand());
        root.Add(new DisconnectCommand());
        root.Add(new CommandGroup(
            "backup",
            "Make, check, restore and keep backups",
            ["ai-shell backup create --database shop", "ai-shell backup list", "ai-shell backup restore latest --database shop"],
            new CreateCommand(),
            new ListCommand(),
            new InfoCommand(),
            new VerifyCommand(),
            new TestCommand(),
            new RestoreCommand(),
            new WatchCommand(),
            new DeleteCommand(),
            new PruneCommand(),
            new ExportCommand(),
            new ImportCommand(),
            new StatusCommand(),
            new HistoryCommand(),
            new ConfigCommand()));
        root.Add(new HealthCheckCommand());
        root.Add(new QueryCommand());
        root.Add(new CommandGroup(
            "repo",
            "Look after the repository that holds the backups",
            ["ai-shell repo check", "ai-shell repo stats", "ai-shell repo gc --dry-run"],
            new InitCommand(),
            new CheckCommand(),
            new StatsCommand(),
            new GarbageCommand(),
            new UnlockCommand(),
            new RebuildCommand()));
        root.Add(new DemoCommand());
        root.Add(new CompletionCommand(root));
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return new CommandTree(root, globals);
    }
}
