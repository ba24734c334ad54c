using System.Globalization;
using AiShell.Testing.Engines.MySql;
using MySqlConnector;

namespace AiShell.EndToEndTests;

/// <summary>What tests of the built binary with a server of their own share.</summary>
public class MySqlSuite : ServerSuite
{
    private static readonly string[] OfTheServer = ["information_schema", "mysql", "performance_schema", "sys"];

    protected internal MySqlFamilyServer Server { get; private set; } = null!;

    /// <summary>MariaDB's, where nothing else is said.</summary>
    protected virtual async Task<MySqlFamilyServer> StartServerAsync() => await MariaDbServer.StartAsync();

    /// <summary>A MySQL server; its programs are found on PATH from then on, behind MariaDB's.</summary>
    internal static async Task<MySqlFamilyServer> StartMySqlAsync(params string[] settings)
    {
        string folder = Path.GetDirectoryName(MySqlServer.ProgramOf("mysqld"))!;
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.EndsWith(folder, StringComparison.Ordinal))
        {
            Environment.SetEnvironmentVariable("PATH", $"{path}{Path.PathSeparator}{folder}");
        }

        return await MySqlServer.StartAsync(settings);
    }

    protected internal override int Port => Server.Port;

    protected override string OurSessions => $"SELECT count(*) FROM information_schema.PROCESSLIST WHERE USER = '{MariaDbServer.User}'";

    public override async Task InitializeAsync() => Server = await StartServerAsync();

    public override async Task DisposeAsync() => await Server.DisposeAsync();

    protected internal override async Task CreateAsync(string database, string script)
    {
        await Server.RunAsync("", $"DROP DATABASE IF EXISTS {Quote(database)}; CREATE DATABASE {Quote(database)}");
        await Server.RunAsync(database, script);
    }

    protected internal override Task<string> RunAsync(string? database, string script) => Server.RunAsync(database ?? "", script);

    protected internal override Task<string> ContentAsync(string database) => Server.DumpAsync(database);

    /// <summary>The server's databases but its own, in order.</summary>
    protected internal async Task<string> DatabasesAsync() =>
        string.Join(',', (await Server.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA")).Split('\n').Except(OfTheServer).Order(StringComparer.Ordinal));

    protected internal override string Url(string database, int? port = null, string options = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"mysql://{MariaDbServer.User}:{Uri.EscapeDataString(MariaDbServer.Password)}@127.0.0.1:{port ?? Server.Port}/{Uri.EscapeDataString(database)}{options}");

    /// <summary>A session that keeps what it locks.</summary>
    protected internal async Task<MySqlConnection> OpenAsync()
    {
        MySqlConnection connection = new(new MySqlConnectionStringBuilder { Server = "127.0.0.1", Port = (uint)Port, UserID = MariaDbServer.User, Password = MariaDbServer.Password, Pooling = false, SslMode = MySqlSslMode.None }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    protected static string Quote(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";
}
