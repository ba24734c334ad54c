using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;

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

    private Task<MemoryBackup> MakeAsync(Pooler pooler) => MemoryBackup.MakeAsync(
        _user.Engine,
        DatabaseUrl.Parse($"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@127.0.0.1:{pooler.Port}/postgres", _user),
        new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
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
