using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

/// <summary>A server with a role for every way to log in, over TCP and over its socket.</summary>
public sealed class LoginServer : IAsyncLifetime
{
    public const string Password = "Pa55 wörd";

    public PostgreSqlServer Server { get; private set; } = null!;

    public int Port => Server.Port;

    public async Task InitializeAsync()
    {
        Server = await PostgreSqlServer.StartAsync("listen_addresses = '127.0.0.1,::1'");
        await Server.RunAsync(
            "postgres",
            $"""
            SET password_encryption = 'md5';
            CREATE ROLE by_md5 LOGIN PASSWORD '{Password}';
            SET password_encryption = 'scram-sha-256';
            CREATE ROLE by_scram LOGIN PASSWORD '{Password}';
            CREATE ROLE by_password LOGIN PASSWORD '{Password}';
            CREATE ROLE by_trust LOGIN;
            CREATE ROLE once LOGIN PASSWORD '{Password}' CONNECTION LIMIT 1;
            CREATE ROLE "{Environment.UserName}" LOGIN;
            CREATE DATABASE closed;
            REVOKE CONNECT ON DATABASE closed FROM PUBLIC;
            """);
        await File.WriteAllTextAsync(
            Path.Combine(Server.DataFolder, "pg_hba.conf"),
            $"""
            local all {Environment.UserName} peer
            local all all scram-sha-256
            host all by_md5 all md5
            host all by_password all password
            host all by_trust all trust
            host all by_scram,once,postgres all scram-sha-256
            host all by_nobody all reject

            """);
        await Server.ControlAsync("reload");
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
