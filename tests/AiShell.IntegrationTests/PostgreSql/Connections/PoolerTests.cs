using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>Through a real PgBouncer.</summary>
public sealed class PoolerTests(SharedServer shared) : IClassFixture<SharedServer>, IDisposable
{
    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task In_session_mode_a_backup_works()
    {
        await shared.Server.RunAsync("postgres", "DROP TABLE IF EXISTS pooled; CREATE TABLE pooled(x int); INSERT INTO pooled SELECT generate_series(1, 1000)");
        await using Pooler pooler = await Pooler.StartAsync(shared.Server, _user.UserFolder, "session");
        MemoryBackup backup = await MakeAsync(pooler);
        Assert.Contains(backup.Contents.Tables, table => table.Table.Name == "pooled" && table.Fingerprint.Rows == 1000);
    }

    [Fact]
    public async Task In_session_mode_a_restore_and_a_test_work()
    {
        await shared.Server.RunAsync("postgres", "DROP TABLE IF EXISTS pooled_rows; CREATE TABLE pooled_rows(x int); INSERT INTO pooled_rows SELECT generate_series(1, 1000)");
        await using Pooler pooler = await Pooler.StartAsync(shared.Server, _user.UserFolder, "session");
        MemoryBackup backup = await MakeAsync(pooler);
        DatabaseAddress target = AddressOf(pooler, "pooled copy");

        await backup.RestoreAsync(_user.Engine, target, Target);
        Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(_user.Engine, target, Target with { Replace = true }));

        await using (IScratchDatabase scratch = await _user.Engine.CreateScratchAsync(AddressOf(pooler, "postgres"), _user.UserFolder, default))
        {
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(_user.Engine, scratch.Address, Target with { Replace = true }));
        }

        Assert.Equal("", await shared.Server.RunAsync("postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
    }

    [Fact]
    public async Task In_session_mode_one_session_at_a_time_is_enough_for_a_query()
    {
        await using Pooler pooler = await Pooler.StartAsync(shared.Server, _user.UserFolder, "session", "default_pool_size = 1");
        Assert.Equal("postgres", await _user.ScalarAsync(UrlOf(pooler, "postgres")));
    }

    [Theory]
    [InlineData("transaction")]
    [InlineData("statement")]
    public async Task Whatever_is_refused_leaves_the_shared_sessions_as_they_were(string mode)
    {
        MemoryBackup backup = await MemoryBackup.MakeAsync(_user.Engine, shared.Server.AddressOf("postgres"), Options);
        await using Pooler pooler = await Pooler.StartAsync(shared.Server, _user.UserFolder, mode, "default_pool_size = 1");
        DatabaseAddress source = AddressOf(pooler, "postgres");
        DatabaseAddress target = AddressOf(pooler, "pooled target");
        Dictionary<string, Func<Task>> commands = new()
        {
            ["probe"] = () => _user.Engine.ProbeAsync(source, default),
            ["query"] = () => _user.ScalarAsync(UrlOf(pooler, "postgres"), "SELECT 1"),
            ["digest"] = () => _user.Engine.DigestAsync(source, default),
            ["backup"] = () => MakeAsync(pooler),
            ["dry run"] = () => _user.Engine.InspectTargetAsync(target, backup.Contents, Target, default),
            ["restore"] = () => backup.RestoreAsync(_user.Engine, target, Target),
            ["tables"] = () => backup.RestoreAsync(_user.Engine, source, Target with { IntoExisting = true, Replace = true }),
            ["test"] = () => _user.Engine.CreateScratchAsync(source, _user.UserFolder, default),
        };
        string untouched = await pooler.AskAsync("postgres", Settings);
        Assert.StartsWith("\"$user\", public|on|0|", untouched, StringComparison.Ordinal);
        foreach ((string name, Func<Task> run) in commands)
        {
            AiShellException failure = await Assert.ThrowsAsync<AiShellException>(run);

            Assert.True(failure.Message.Contains("pooler", StringComparison.Ordinal), $"{name}: {failure.Message}");
            Assert.Equal((name, untouched), (name, await pooler.AskAsync("postgres", Settings)));
        }

        Assert.Equal("", await shared.Server.RunAsync("postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%ai\\_shell%' OR datname = 'pooled target'"));
    }

    [Theory]
    [InlineData("transaction", "server_round_robin = 0")]
    [InlineData("transaction", "server_round_robin = 1")]
    [InlineData("statement", "")]
    public async Task In_the_other_modes_a_backup_is_refused_with_the_reason(string mode, string setting)
    {
        await using Pooler pooler = await Pooler.StartAsync(shared.Server, _user.UserFolder, mode, setting);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => MakeAsync(pooler));
        Assert.Contains("pooler", failure.Message, StringComparison.Ordinal);
        Assert.Contains("pool_mode = session", failure.Hint, StringComparison.Ordinal);
    }

    // In one statement, which statement mode asks for.
    private const string Settings = "SELECT concat_ws('|', current_setting('search_path'), current_setting('row_security'), current_setting('statement_timeout'), current_setting('TimeZone'))";

    private SnapshotOptions Options => new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10));

    private TargetOptions Target => new(TableFilter.Everything, IntoExisting: false, Replace: false, 2, _user.UserFolder, TimeSpan.FromSeconds(3));

    private Task<MemoryBackup> MakeAsync(Pooler pooler) => MemoryBackup.MakeAsync(_user.Engine, AddressOf(pooler, "postgres"), Options);

    private DatabaseAddress AddressOf(Pooler pooler, string database) => DatabaseUrl.Parse(UrlOf(pooler, Uri.EscapeDataString(database)), _user);

    private static string UrlOf(Pooler pooler, string database) => $"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{pooler.Port}/{database}";
}

/// <summary>A PgBouncer on a free loopback port, as the user postgres.</summary>
internal sealed class Pooler : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    private Pooler(int port, Task running, CancellationTokenSource stop)
    {
        Port = port;
        _running = running;
        _stop = stop;
    }

    public int Port { get; }

    public static async Task<Pooler> StartAsync(PostgreSqlServer server, string folder, string mode, string setting = "")
    {
        int port;
        using (TcpListener listener = new(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        string users = Path.Combine(folder, "userlist.txt");
        await File.WriteAllTextAsync(users, $"\"{PostgreSqlServer.User}\" \"{PostgreSqlServer.Password}\"\n");
        string configuration = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            [databases]
            * = host=127.0.0.1 port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = {mode}
            {setting}

            """);
        await Cli.Wrap("chown").WithArguments(["-R", PostgreSqlServer.User, folder]).ExecuteAsync();
        CancellationTokenSource stop = new();
        Task running = Cli.Wrap("setpriv")
            .WithArguments([$"--reuid={PostgreSqlServer.User}", $"--regid={PostgreSqlServer.User}", "--clear-groups", "/usr/sbin/pgbouncer", configuration])
            .WithStandardErrorPipe(PipeTarget.Null)
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(stop.Token); // killed: its orderly end would wait for clients
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using TcpClient probe = new();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return new Pooler(port, running, stop);
            }
            catch (SocketException) when (attempt < 200 && !running.IsCompleted)
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>What psql gets through it.</summary>
    public async Task<string> AskAsync(string database, string statement)
    {
        BufferedCommandResult result = await Cli.Wrap("psql")
            .WithArguments(["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", $"{Port}", "-U", PostgreSqlServer.User, "-d", database, "-c", statement])
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["PGPASSWORD"] = PostgreSqlServer.Password })
            .ExecuteBufferedAsync();
        return result.StandardOutput.TrimEnd('\n');
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // As asked.
        }

        _stop.Dispose();
    }
}
