using System.Text.Json;
using AiShell.Cli;
using AiShell.Tests.Configuration;

namespace AiShell.Tests.CommandLines;

/// <summary>Runs the command line in this process, in a home of its own, with nobody at the terminal.</summary>
internal sealed class CommandLineRun : IDisposable
{
    private readonly TemporaryHome _home = new();

    public string Home => _home.Home.Root;

    public string Folder => _home.Folder;

    public string Input { get; init; } = "";

    public bool IsTerminal { get; init; }

    public async Task<Outcome> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        using var signals = new StopSignals();
        var terminal = new Terminal(new StringReader(Input), output, errors, IsTerminal, IsTerminal, IsTerminal, 100);
        int exitCode = await new CommandLine(terminal, new FakeEnvironment(("AI_SHELL_HOME", Home)), TimeProvider.System).RunAsync(arguments, signals);
        return new Outcome(exitCode, output.ToString(), errors.ToString());
    }

    public void Dispose() => _home.Dispose();
}

internal sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>Standard output as the one JSON document that it must be.</summary>
    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }
}
