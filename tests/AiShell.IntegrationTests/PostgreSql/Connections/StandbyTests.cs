using System.Net;
using System.Net.Sockets;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;
using CliWrap;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>A primary and its standby.</summary>
public sealed class StandbyTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime, IDisposable
{
    private readonly Surroundings _user = new();
    private string _data = "";
    private int _port;

    public async Task InitializeAsync()
    {
        using (TcpListener listener = new(IPAddress.Loopback, 0))
        {
            listener.Start();
            _port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        await shared.Server.RunAsync("postgres", "DROP TABLE IF EXISTS copied; CREATE TABLE copied AS SELECT generate_series(1, 100) x");
        _data = Path.Combine(shared.Server.SocketFolder, $"standby{_port}");
        string source = $"host={shared.Server.SocketFolder} port={shared.Server.Port} user=postgres password='{PostgreSqlServer.Password}'";
        await AsPostgresAsync("pg_basebackup", "-D", _data, "-R", "-c", "fast", "--no-sync", "-d", source);
        await File.AppendAllTextAsync(Path.Combine(_data, "postgresql.conf"), $"port = {_port}\n");
        await AsPostgresAsync("pg_ctl", "-D", _data, "-l", Path.Combine(shared.Server.SocketFolder, "standby-log"), "-w", "start");
    }

    public async Task DisposeAsync() => await AsPostgresAsync("pg_ctl", "-D", _data, "-m", "immediate", "-w", "stop");

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task The_server_that_is_wanted_is_taken_and_a_standby_can_be_backed_up()
    {
        Assert.Equal(true, await StandbyAsync("any", standbyFirst: true));
        Assert.Equal(false, await StandbyAsync("primary", standbyFirst: true));
        Assert.Equal(false, await StandbyAsync("read-write", standbyFirst: true));
        Assert.Equal(true, await StandbyAsync("standby", standbyFirst: false));
        Assert.Equal(true, await StandbyAsync("read-only", standbyFirst: false));
        Assert.Equal(true, await StandbyAsync("prefer-standby", standbyFirst: false));
        Assert.Equal(false, await _user.ScalarAsync($"{Base}127.0.0.1:{shared.Server.Port}/postgres?target_session_attrs=prefer-standby", "SELECT pg_is_in_recovery()"));
        Assert.Contains("target_session_attrs=primary", (await _user.RefusedAsync($"{Base}127.0.0.1:{_port}/postgres?target_session_attrs=primary", PostgreSqlServer.Password)).Message, StringComparison.Ordinal);

        DatabaseAddress standby = DatabaseUrl.Parse($"{Base}127.0.0.1:{_port}/postgres", _user);
        DatabaseProbe probe = await _user.Engine.ProbeAsync(standby, CancellationToken.None);
        Assert.Contains(KeyValuePair.Create("role", "standby"), probe.Details);
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _user.Engine, standby, new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
        Assert.Contains(backup.Contents.Tables, table => table.Table.Name == "copied" && table.Fingerprint.Rows == 100);
    }

    private static string Base => $"postgresql://postgres:{Uri.EscapeDataString(PostgreSqlServer.Password)}@";

    private Task<object?> StandbyAsync(string wish, bool standbyFirst)
    {
        string[] hosts = [$"127.0.0.1:{_port}", $"127.0.0.1:{shared.Server.Port}"];
        return _user.ScalarAsync($"{Base}{string.Join(',', standbyFirst ? hosts : hosts.Reverse())}/postgres?target_session_attrs={wish}", "SELECT pg_is_in_recovery()");
    }

    private async Task AsPostgresAsync(string program, params string[] arguments) => await Cli.Wrap("runuser")
        .WithArguments(["-u", PostgreSqlServer.User, "--", Path.Combine(shared.Server.Binaries, program), .. arguments])
        .WithWorkingDirectory(shared.Server.SocketFolder)
        .WithStandardOutputPipe(PipeTarget.Null)
        .WithStandardErrorPipe(PipeTarget.Null)
        .ExecuteAsync();
}
