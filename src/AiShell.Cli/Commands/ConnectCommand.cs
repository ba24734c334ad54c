using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Cli.Commands;

internal sealed class ConnectCommand : SessionCommand
{
    private readonly Argument<string> _url = new("url") { Description = "postgresql://user@host/database, mysql://user@host/database, sqlite:///absolute/path.db, or the path of a SQLite file; ${NAME} is read from the environment when used" };
    private readonly Option<string> _name = new("--name", "-n") { Description = "The name to use it by", HelpName = "name" };
    private readonly Option<bool> _test = new("--test") { Description = "Connect, show server, version and latency, store nothing" };
    private readonly Option<bool> _passwordStdin = new("--password-stdin") { Description = "Read the password from standard input" };

    public ConnectCommand()
        : base("connect", "Remember a database under a name")
    {
        Add(_url);
        Add(_name);
        Add(_test);
        Add(_passwordStdin);
    }

    public override string? Operation => "connect";

    public override IReadOnlyList<string> Examples =>
    [
        "ai-shell connect ./shop.db --name shop",
        "ai-shell connect sqlite:///var/lib/app/app.db --name app",
        "ai-shell connect 'postgresql://backup:${PASSWORD}@db.example.com/shop?sslmode=verify-full' --name shop",
        "ai-shell connect 'postgresql:///?service=shop' --name shop",
        "ai-shell connect '${APP_DATABASE}' --name app",
        "ai-shell connect ./shop.db --test",
    ];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        string url = DatabaseUrl.Normalise(parse.GetRequiredValue(_url), session.Environment);
        if (parse.GetValue(_passwordStdin))
        {
            string password = await session.Terminal.In.ReadLineAsync(cancellationToken) ?? "";
            session.Redactor.Add(password);
            url = DatabaseUrl.WithPassword(url, password);
        }

        string? name = parse.GetValue(_name);
        bool store = !parse.GetValue(_test);
        if (store && name is null)
        {
            throw new AiShellException(ErrorKind.Usage, "A connection needs a name.", "Add --name <name>, or --test to try the connection only.");
        }

        if (store)
        {
            ConnectionFile.CheckName(name!);
        }

        DatabaseAddress address = DatabaseUrl.Parse(url, session.Environment);
        session.Redactor.Add(address);
        session.SubjectDatabase = name;
        IDatabaseEngine engine = session.EngineOf(address);
        long started = session.Clock.GetTimestamp();
        DatabaseProbe probe = await engine.ProbeAsync(address, cancellationToken);
        double latency = Math.Round(session.Clock.GetElapsedTime(started).TotalMilliseconds, 1);
        bool replaced = store && session.Connections.Put(new Connection(name!, url));
        var document = new ConnectedDocument(name ?? "", DatabaseUrl.Redact(url), engine.Name, probe.Version, latency, store, replaced);
        session.Output.Show(new Answer<ConnectedDocument>(document, Documents.Default.ConnectedDocument, page =>
        {
            page.Line(store ? $"{(replaced ? "Replaced" : "Stored")} the connection '{name}'." : "The connection works; nothing was stored.");
            page.Facts(("Database", document.Url), ("Engine", $"{engine.Name} {probe.Version}"), ("Latency", $"{latency} ms"),
                ("Size", probe.SizeBytes is { } size ? ByteSize.Format(size) : null));
        }));
        return 0;
    }
}
