using System.Globalization;
using AiShell.Testing.Engines.MySql;

namespace AiShell.EndToEndTests;

/// <summary>What tests of the built binary with a MariaDB server of their own share.</summary>
public abstract class MySqlSuite : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan SessionsEnd = TimeSpan.FromSeconds(15);
    private static readonly string[] OfTheServer = ["information_schema", "mysql", "performance_schema", "sys"];

    protected MariaDbServer Server { get; private set; } = null!;

    internal Shell Shell { get; } = new();

    public virtual async Task InitializeAsync() => Server = await MariaDbServer.StartAsync();

    public virtual async Task DisposeAsync() => await Server.DisposeAsync();

    public void Dispose()
    {
        Shell.Dispose();
        GC.SuppressFinalize(this);
    }

    protected async Task CreateAsync(string database, string script)
    {
        await Server.RunAsync("", $"CREATE OR REPLACE DATABASE {Quote(database)}");
        await Server.RunAsync(database, script);
    }

    /// <summary>Everything in a database, by mariadb-dump.</summary>
    protected Task<string> ContentAsync(string database) => Server.DumpAsync(database);

    /// <summary>The server's databases but its own, in order.</summary>
    protected async Task<string> DatabasesAsync() =>
        string.Join(',', (await Server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")).Split('\n').Except(OfTheServer).Order(StringComparer.Ordinal));

    /// <summary>Waits until the server has no session of ours, working or idle.</summary>
    protected Task UntilNoSessionAsync() =>
        UntilAsync($"SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{MariaDbServer.User}'", "0", SessionsEnd);

    protected Task UntilAsync(string query, string expected) => UntilAsync(query, expected, TimeSpan.FromMinutes(1));

    protected string Url(string database, int? port = null, string options = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{port ?? Server.Port}/{Uri.EscapeDataString(database)}{options}");

    protected static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    private async Task UntilAsync(string query, string expected, TimeSpan bound)
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        for (string found = await Server.RunAsync("", query); found != expected; found = await Server.RunAsync("", query))
        {
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < bound, $"Still {found} instead of {expected}: {query}");
            await Task.Delay(20);
        }
    }
}
