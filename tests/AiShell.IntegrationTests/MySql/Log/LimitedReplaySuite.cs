using AiShell.Configuration;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>Two databases, <c>shop</c> and <c>other</c>, on a server that others use; a log of the one is replayed there, since this machine has no server to start.</summary>
/// <param name="tables">Makes the databases.</param>
public abstract class LimitedReplaySuite(string tables) : IAsyncLifetime
{
    private readonly string _scratch = Directory.CreateTempSubdirectory("ai-shell-my-scratch-").FullName;

    protected MySqlFamilyServer Server { get; private set; } = null!;

    /// <summary>An engine on a machine without a server's programs.</summary>
    public static MySqlEngine WithoutPrograms { get; } = new(new NoPrograms());

    protected TargetOptions Replacing => new(TableFilter.Everything, false, true, 2, _scratch, TimeSpan.FromSeconds(10));

    private SnapshotOptions Options => new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _scratch, 64 * 1024, TimeSpan.FromSeconds(10));

    protected abstract Task<MySqlFamilyServer> StartAsync();

    public async Task InitializeAsync()
    {
        Server = await StartAsync();
        await Server.RunAsync("", tables);
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_scratch, recursive: true);
    }

    /// <summary>A base of <c>shop</c>, and then what a script did there.</summary>
    protected async Task<MemoryChain> ChainAsync(string script)
    {
        MemoryChain chain = await MemoryChain.BeginAsync(WithoutPrograms, Server.AddressOf("shop"), Options);
        await Server.RunAsync("shop", script);
        return await chain.ContinueAsync(WithoutPrograms, Server.AddressOf("shop"), Options);
    }

    protected async Task<string> LiveAsync() => await Server.DumpAsync("shop") + await Server.DumpAsync("other");

    /// <summary>Databases and accounts of a restore's.</summary>
    protected Task<string> LeftAsync() => Server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%ai_shell%' OR SCHEMA_NAME = 'copy' UNION ALL SELECT User FROM mysql.user WHERE User LIKE 'ai\\_shell%'");

    private sealed class NoPrograms : IEnvironment
    {
        private readonly ProcessEnvironment _process = new();

        public string UserFolder => _process.UserFolder;

        public string? Get(string name) => name == "AI_SHELL_MYSQL_BIN" ? Path.Combine(Path.GetTempPath(), "ai-shell-no-programs") : _process.Get(name);
    }
}
