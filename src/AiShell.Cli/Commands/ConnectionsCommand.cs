using System.CommandLine;
using System.Globalization;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Cli.Commands;

internal sealed class ConnectionsCommand : SessionCommand
{
    private readonly Option<bool> _health = new("--health") { Description = "Connect to each: state, latency, version, and what the server does not allow" };

    public ConnectionsCommand()
        : base("connections", "List the connections")
    {
        Add(_health);
        AddListFormat();
    }

    public override IReadOnlyList<string> Examples => ["ai-shell connections", "ai-shell connections --health", "ai-shell connections --format csv"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        bool health = parse.GetValue(_health);
        var rows = new List<ConnectionDocument>();
        foreach (Connection connection in session.Connections.Read())
        {
            rows.Add(health ? await ProbeAsync(session, connection, cancellationToken) : Describe(session, connection));
        }

        List<Column<ConnectionDocument>> columns =
        [
            new("Name", row => row.Name),
            new("Engine", row => row.Engine ?? "?"),
            new("Database", row => row.Url),
        ];
        if (health)
        {
            columns.Add(new("State", row => row.State ?? ""));
            columns.Add(new("Latency", row => row.LatencyMs is { } ms ? $"{ms.ToString(CultureInfo.InvariantCulture)} ms" : "-", row => row.LatencyMs?.ToString(CultureInfo.InvariantCulture) ?? "", RightAligned: true));
            columns.Add(new("Version", row => row.Version ?? "-"));
            columns.Add(new("Notes", row => row.Error ?? string.Join(" ", row.Limits ?? [])));
        }

        session.Output.List(new Listing<ConnectionDocument>(
            rows, Documents.Default.IReadOnlyListConnectionDocument, columns, "No connections yet. Make one with: ai-shell connect <url> --name <name>"));
        return rows.Any(row => row.Error is not null) && health ? (int)ErrorKind.Unreachable : 0;
    }

    private static ConnectionDocument Describe(Session session, Connection connection)
    {
        try
        {
            return new ConnectionDocument(connection.Name, connection.Display, DatabaseUrl.Parse(connection.Url, session.Environment).Engine, null, null, null, null, null);
        }
        catch (AiShellException wrong)
        {
            // One connection whose variable is not set must not hide the others.
            return new ConnectionDocument(connection.Name, connection.Display, null, null, null, null, null, wrong.Message);
        }
    }

    private static async Task<ConnectionDocument> ProbeAsync(Session session, Connection connection, CancellationToken cancellationToken)
    {
        ConnectionDocument described = Describe(session, connection);
        try
        {
            DatabaseAddress address = DatabaseUrl.Parse(connection.Url, session.Environment);
            session.Redactor.Add(address);
            long started = session.Clock.GetTimestamp();
            DatabaseProbe probe = await session.EngineOf(address).ProbeAsync(address, cancellationToken);
            double latency = Math.Round(session.Clock.GetElapsedTime(started).TotalMilliseconds, 1);
            return described with { State = "ok", LatencyMs = latency, Version = probe.Version, Limits = [.. probe.Obstacles.Select(obstacle => $"{obstacle.Message} {obstacle.Hint}"), .. probe.Limits] };
        }
        catch (AiShellException wrong)
        {
            return described with { State = "failed", Error = session.Redactor.Redact(wrong.Message) };
        }
    }
}
