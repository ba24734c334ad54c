using System.Globalization;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.EndToEndTests;

/// <summary>What tests of the built binary with a PostgreSQL server of their own share.</summary>
public class PostgreSqlSuite : ServerSuite
{
    protected internal PostgreSqlServer Server { get; private set; } = null!;

    protected internal override int Port => Server.Port;

    // pg_dump's are named so, too.
    protected override string OurSessions => "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ai-shell%'";

    public override async Task InitializeAsync() => Server = await PostgreSqlServer.StartAsync();

    public override async Task DisposeAsync() => await Server.DisposeAsync();

    protected internal override async Task CreateAsync(string database, string script)
    {
        await Server.RunAsync("postgres", $"DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        await Server.RunAsync("postgres", $"CREATE DATABASE {database}");
        await Server.RunAsync(database, script);
    }

    protected internal override Task<string> RunAsync(string? database, string script) => Server.RunAsync(database ?? "postgres", script);

    protected internal override Task<string> ContentAsync(string database) => Server.DumpAsync(database, "--no-comments");

    protected internal Task<string> LeftoversAsync() => Server.RunAsync("postgres", "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE '%ai\\_shell%'");

    protected internal Task StartServerAgainAsync() => Server.ControlAsync("start", "-w", "-l", Path.Combine(Server.SocketFolder, "log"));

    protected internal override string Url(string database, int? port = null, string options = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{port ?? Server.Port}/{database}{options}");
}
