using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Connections;

namespace AiShell.Cli.Commands;

internal sealed class DisconnectCommand : SessionCommand
{
    private readonly Argument<string> _name = new("name") { Description = "The connection's name" };

    public DisconnectCommand()
        : base("disconnect", "Forget a connection; its backups stay") => Add(_name);

    public override string? Operation => "disconnect";

    public override IReadOnlyList<string> Examples => ["ai-shell disconnect shop"];

    public override Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        session.SubjectDatabase = parse.GetRequiredValue(_name);
        Connection removed = session.Connections.Remove(session.SubjectDatabase);
        session.Output.Show(new Answer<DisconnectedDocument>(
            new DisconnectedDocument(removed.Name, removed.Display),
            Documents.Default.DisconnectedDocument,
            page => page.Line($"Forgot the connection '{removed.Name}' ({removed.Display}). Its backups stay.")));
        return Task.FromResult(0);
    }
}
