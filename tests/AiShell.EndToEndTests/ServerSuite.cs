using System.Diagnostics;

namespace AiShell.EndToEndTests;

/// <summary>What tests of the built binary with a server of their own share, whatever its engine.</summary>
public abstract class ServerSuite : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SessionsEnd = TimeSpan.FromSeconds(30);

    internal Shell Shell { get; } = Shell.BesideServers();

    /// <summary>The server's.</summary>
    protected internal abstract int Port { get; }

    /// <summary>Counts the server's sessions of ours, working or idle.</summary>
    protected abstract string OurSessions { get; }

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    public void Dispose()
    {
        Shell.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes a database, in the place of one that is there.</summary>
    protected internal abstract Task CreateAsync(string database, string script);

    /// <summary>Runs SQL by the stock client; without a database where none is named.</summary>
    protected internal abstract Task<string> RunAsync(string? database, string script);

    /// <summary>Everything in a database, by the stock dump.</summary>
    protected internal abstract Task<string> ContentAsync(string database);

    protected internal abstract string Url(string database, int? port = null, string options = "");

    /// <summary>Waits until the server has no session of ours, working or idle.</summary>
    protected internal Task UntilNoSessionAsync() => UntilAsync(OurSessions, "0", SessionsEnd);

    protected internal Task UntilAsync(string query, string expected) => UntilAsync(query, expected, Patience);

    private async Task UntilAsync(string query, string expected, TimeSpan bound)
    {
        long started = Stopwatch.GetTimestamp();
        for (string found = await RunAsync(null, query); found != expected; found = await RunAsync(null, query))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < bound, $"Still {found} instead of {expected}: {query}");
            await Task.Delay(20);
        }
    }
}
