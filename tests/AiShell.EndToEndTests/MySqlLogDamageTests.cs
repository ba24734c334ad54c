using System.Globalization;
using AiShell.Testing.Engines.MySql;

namespace AiShell.EndToEndTests;

public sealed class MySqlLogDamageTests : MySqlLogDamageSuite
{
    // A restore replays on a server of its own.
    protected override int RestoresOneOf => 6;

    protected override async Task<MySqlFamilyServer> StartAsync() => await MariaDbServer.StartAsync();
}

public sealed class MySqlServerLogDamageTests : MySqlLogDamageSuite
{
    protected override int RestoresOneOf => 30;

    protected override Task<MySqlFamilyServer> StartAsync() => MySqlSuite.StartMySqlAsync();
}

public abstract class MySqlLogDamageSuite : LogDamageSuite, IAsyncLifetime
{
    private MySqlFamilyServer _server = null!;
    private MySqlFamilyServer _other = null!;

    protected abstract Task<MySqlFamilyServer> StartAsync();

    public async Task InitializeAsync() => (_server, _other) = (await StartAsync(), await StartAsync());

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _other.DisposeAsync();
    }

    protected override string LogOf(string name) => name;

    protected override Task MakeAsync(Shell shell, string name, bool elsewhere) =>
        On(elsewhere).RunAsync("", $"CREATE DATABASE {name}; CREATE TABLE {name}.item(id int AUTO_INCREMENT PRIMARY KEY, content blob)");

    protected override Task CommitAsync(Shell shell, string name, bool elsewhere) => On(elsewhere).RunAsync(name, "INSERT INTO item(content) VALUES (repeat(char(65 + floor(rand() * 26)), 3000))");

    protected override string AddressOf(Shell shell, string name, bool elsewhere) => string.Create(
        CultureInfo.InvariantCulture, $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{On(elsewhere).Port}/{name}");

    protected override async Task<bool> ExistsAsync(Shell shell, string name) => await _server.RunAsync("", $"SHOW DATABASES LIKE '{name}'") == name;

    protected override Task DropAsync(Shell shell, string name) => _server.RunAsync("", $"DROP DATABASE IF EXISTS {name}");

    private MySqlFamilyServer On(bool elsewhere) => elsewhere ? _other : _server;
}
