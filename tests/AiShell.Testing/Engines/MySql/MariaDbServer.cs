using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Testing.Engines.MySql;

/// <summary>A MariaDB server of Debian's.</summary>
public sealed class MariaDbServer : MySqlFamilyServer
{
    private MariaDbServer(string[] settings)
        : base(settings)
    {
    }

    protected override string Daemon => "mariadbd";

    protected override string Client => "mariadb";

    protected override IReadOnlyList<string> Dump => ["mariadb-dump"];

    protected override IReadOnlyList<string> Options => ["binlog-format=ROW", "innodb-log-file-size=32M", "innodb-flush-method=nosync", "sync-frm=0"];

    protected override string MakesAccounts =>
        $"CREATE USER {User}@'%' IDENTIFIED BY '{Password}'; GRANT ALL ON *.* TO {User}@'%' WITH GRANT OPTION; DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES";

    /// <param name="settings">Options of mariadbd without the dashes: <c>sql-mode=ANSI_QUOTES</c>.</param>
    public static async Task<MariaDbServer> StartAsync(params string[] settings)
    {
        MariaDbServer server = new(settings);
        await server.BeginAsync();
        return server;
    }

    protected override Task InitializeAsync(string folder, string[] names) => Cli.Wrap("mariadb-install-db")
        .WithArguments(["--no-defaults", "--user=mysql", $"--datadir={Path.Combine(folder, "data")}", "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M", $"--tmpdir={folder}", .. names])
        .ExecuteBufferedAsync();
}
