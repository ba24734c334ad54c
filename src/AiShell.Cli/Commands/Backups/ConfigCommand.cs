using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Configuration;

namespace AiShell.Cli.Commands.Backups;

internal sealed class ConfigCommand : SessionCommand
{
    private readonly Option<bool> _show = new("--show") { Description = "Every setting, its value and where it comes from" };
    private readonly Option<string> _get = new("--get") { Description = "One setting's value", HelpName = "key" };
    private readonly Option<string[]> _set = new("--set") { Description = "Set a value in config.yaml", HelpName = "key=value" };
    private readonly Option<bool> _reset = new("--reset") { Description = "Remove every setting from config.yaml" };
    private bool _changes;

    public ConfigCommand()
        : base("config", "Show and change the settings")
    {
        Add(_show);
        Add(_get);
        Add(_set);
        Add(_reset);
        AddListFormat();
    }

    /// <summary>Looking is no operation.</summary>
    public override string? Operation => _changes ? "config" : null;

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell backup config --show",
        "ai-shell backup config --set compression=zstd",
        "ai-shell backup config --get retentionDays",
        "ai-shell backup config --reset",
    ];

    public override Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string[] assignments = parse.GetValue(_set) ?? [];
        string? get = parse.GetValue(_get);
        bool reset = parse.GetValue(_reset);
        if ((assignments.Length > 0 ? 1 : 0) + (get is null ? 0 : 1) + (reset ? 1 : 0) + (parse.GetValue(_show) ? 1 : 0) > 1)
        {
            throw new AiShellException(ErrorKind.Usage, "--show, --get, --set and --reset exclude each other.", "Give one of them.");
        }

        if (get is not null)
        {
            SettingDocument setting = Describe(session.Settings.Get(SettingKey.Named(get)));
            session.Output.Show(new Answer<SettingDocument>(setting, Documents.Default.SettingDocument, page => page.Line(setting.Value)));
            return Task.FromResult(0);
        }

        _changes = assignments.Length > 0 || reset;
        Change(session, assignments, reset);
        ShowAll(session);
        return Task.FromResult(0);
    }

    private static void Change(Session session, string[] assignments, bool reset)
    {
        if (reset)
        {
            if (!session.Confirm($"This removes every setting from {session.Home.ConfigurationFile}.", "reset"))
            {
                throw new AiShellException(ErrorKind.Refused, "Not confirmed: the settings stay as they are.", "Add --yes to reset without being asked.");
            }

            ConfigurationFile.Reset(session.Home.ConfigurationFile, session.Clock);
        }

        var changes = new List<(SettingKey Key, string Value)>();
        foreach (string assignment in assignments)
        {
            int equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new AiShellException(ErrorKind.Usage, $"'{assignment}' from --set is not key=value.", "Write it like --set compression=zstd.");
            }

            SettingKey key = SettingKey.Named(assignment[..equals]);
            key.Check(assignment[(equals + 1)..], "--set");
            changes.Add((key, assignment[(equals + 1)..]));
        }

        foreach ((SettingKey key, string value) in changes)
        {
            ConfigurationFile.Set(session.Home.ConfigurationFile, key, value, session.Clock);
        }
    }

    private static void ShowAll(Session session)
    {
        // Read again: it may just have been changed.
        Settings settings = Settings.Load(session.Home, session.Environment).With(SettingKey.BackupDirectory, session.Values.Repository, "--repo");
        session.Output.List(new Listing<SettingDocument>(
            [.. SettingKey.All.Select(key => Describe(settings.Find(key)))],
            Documents.Default.IReadOnlyListSettingDocument,
            [new("Setting", row => row.Key), new("Value", row => row.Value), new("From", row => row.Source)],
            ""));
        foreach (string unknown in settings.UnknownKeys)
        {
            session.Output.Warn($"{settings.FilePath} has the key '{unknown}', which this version does not know; it is left as it is.");
        }
    }

    private static SettingDocument Describe(SettingValue value) => new(value.Key.Name, value.Text, value.SourceName);
}
