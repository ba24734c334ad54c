using System.CommandLine;
using AiShell.Cli.Completion;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;

namespace AiShell.Cli.Commands;

internal sealed class CompletionCommand : SessionCommand
{
    private readonly Argument<string> _shell = new("shell") { Description = "bash, zsh or fish" };
    private readonly Command _root;

    public CompletionCommand(Command root)
        : base("completion", "Print the completion script of a shell")
    {
        _root = root;
        _shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        Add(_shell);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "source <(ai-shell completion bash)",
        "ai-shell completion zsh > ~/.zfunc/_ai-shell",
        "ai-shell completion fish > ~/.config/fish/completions/ai-shell.fish",
    ];

    public override Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string shell = parse.GetRequiredValue(_shell);
        string script = CompletionScript.For(shell, CompletionWords.Of(_root));
        session.Output.Show(new Answer<CompletionDocument>(
            new CompletionDocument(shell, script), Documents.Default.CompletionDocument, _ => session.Terminal.Out.Write(script)));
        return Task.FromResult(0);
    }
}
