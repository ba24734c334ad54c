using System.CommandLine;
using AiShell.Cli.Sessions;
using AiShell.Configuration;

namespace AiShell.Cli.Commands;

/// <summary>The options that every command takes, each once in the whole tree.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<bool> _json = new("--json") { Description = "One JSON document on standard output", Recursive = true };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress and no notes; errors and warnings only", Recursive = true };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "More about what is done", Recursive = true };
    private readonly Option<bool> _noColor = new("--no-color") { Description = "No colours (also NO_COLOR)", Recursive = true };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Answer every confirmation with yes", Recursive = true };
    private readonly Option<string> _repository = new("--repo") { Description = "The backup repository: a directory", HelpName = "url|path", Recursive = true };
    private readonly Option<string> _home = new("--home") { Description = "Where configuration and state are kept (AI_SHELL_HOME)", HelpName = "dir", Recursive = true };

    public void AddTo(Command root)
    {
        root.Add(_json);
        root.Add(_quiet);
        root.Add(_verbose);
        root.Add(_noColor);
        root.Add(_yes);
        root.Add(_repository);
        root.Add(_home);
    }

    public GlobalValues Read(ParseResult parse, IEnvironment environment)
    {
        // Lists have --format of their own; json and csv there mean the same as here.
        string? format = parse.CommandResult.Command is SessionCommand { ListFormat: { } option } ? parse.GetValue(option) : null;
        return new GlobalValues(
            parse.GetValue(_json) || format == "json",
            format == "csv",
            parse.GetValue(_quiet),
            parse.GetValue(_verbose),
            parse.GetValue(_noColor) || environment.Get("NO_COLOR") is { Length: > 0 },
            parse.GetValue(_yes),
            parse.GetValue(_repository),
            parse.GetValue(_home));
    }
}
