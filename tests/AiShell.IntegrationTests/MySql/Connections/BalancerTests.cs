using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>Two servers behind one address, which takes them in turn.</summary>
public sealed class BalancerTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>, IDisposable
{
    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task A_backup_from_several_servers_behind_one_address_is_refused()
    {
        await using MariaDbServer other = await MariaDbServer.StartAsync("server-id=2");
        foreach (MariaDbServer server in new[] { shared.Server, other })
        {
            await server.RunAsync("", "CREATE OR REPLACE DATABASE shop; USE shop; CREATE TABLE t(id int PRIMARY KEY)");
        }

        using TcpListener balancer = new(IPAddress.Loopback, 0);
        balancer.Start();
        using CancellationTokenSource stop = new();
        Task balancing = BalanceAsync(balancer, [shared.Server.Port, other.Port], stop.Token);
        DatabaseAddress address = shared.Server.AddressOf("shop") with { Port = ((IPEndPoint)balancer.LocalEndpoint).Port };

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => BackupAsync(address));

        Assert.Equal(ErrorKind.Failed, failure.Kind);
        Assert.Contains("several servers", failure.Message, StringComparison.Ordinal);
        await BackupAsync(shared.Server.AddressOf("shop"));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => balancing);
    }

    private Task<MemoryBackup> BackupAsync(DatabaseAddress address) => MemoryBackup.MakeAsync(
        _user.Engine, address, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));

    private static async Task BalanceAsync(TcpListener listener, int[] ports, CancellationToken cancellationToken)
    {
        for (int turn = 0; ; turn++)
        {
            TcpClient client = await listener.AcceptTcpClientAsync(cancellationToken);
            TcpClient server = new();
            await server.ConnectAsync(IPAddress.Loopback, ports[turn % ports.Length], cancellationToken);
            _ = CopyAsync(client, server);
            _ = CopyAsync(server, client);
        }
    }

    private static async Task CopyAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side went.
        }
        finally
        {
            to.Dispose();
        }
    }
}
