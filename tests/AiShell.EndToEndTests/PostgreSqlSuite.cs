using System.Globalization;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.EndToEndTests;

/// <summary>What tests of the built binary with a PostgreSQL server of their own share.</summary>
public abstract class PostgreSqlSuite : IAsyncLifetime, IDisposable
{
    // pg_dump's are named so, too.
    private const string OurSessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ai-shell%'";

    private static readonly TimeSpan SessionsEnd = TimeSpan.FromSeconds(15);

    protected PostgreSqlServer Server { get; private set; } = null!;

    internal Shell Shell { get; } = new();

    public virtual async Task InitializeAsync() => Server = await PostgreSqlServer.StartAsync();

    public virtual async Task DisposeAsync() => await Server.DisposeAsync();

    public void Dispose()
    {
        Shell.Dispose();
        GC.SuppressFinalize(this);
    }

    protected async Task CreateAsync(string database, string script)
    {
        await Server.RunAsync("postgres", $"DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        await Server.RunAsync("postgres", $"CREATE DATABASE {database}");
        await Server.RunAsync(database, script);
    }

    /// <summary>Everything in a database, by pg_dump.</summary>
    protected Task<string> ContentAsync(string database) => Server.DumpAsync(database, "--no-comments");

    protected Task<string> LeftoversAsync() => Server.RunAsync("postgres", "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE '%ai\\_shell%'");

    protected Task StartServerAgainAsync() => Server.ControlAsync("start", "-w", "-l", Path.Combine(Server.SocketFolder, "log"));

    /// <summary>Waits until the server has no session of ours, working or idle.</summary>
    protected Task UntilNoSessionAsync() => UntilAsync(OurSessions, "0", SessionsEnd);

    protected Task UntilAsync(string query, string expected) => UntilAsync(query, expected, TimeSpan.FromMinutes(1));

    protected string Url(string database, int? port = null, string options = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"postgresql://{PostgreSqlServer.User}:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{port ?? Server.Port}/{database}{options}");

    private async Task UntilAsync(string query, string expected, TimeSpan bound)
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (string found = await Server.RunAsync("postgres", query); found != expected; found = await Server.RunAsync("postgres", query))
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < bound, $"Still {found} instead of {expected}: {query}");
            await Task.Delay(20);
        }
    }
}
