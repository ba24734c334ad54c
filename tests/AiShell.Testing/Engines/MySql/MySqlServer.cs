using AiShell.Testing.Docs;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Testing.Engines.MySql;

/// <summary>A MySQL server, which <c>tests/AiShell.Testing/Tools/install-mysql</c> put into <c>.build/mysql</c>.</summary>
public sealed class MySqlServer : MySqlFamilyServer
{
    private static readonly string Installed = Path.Combine(Document.Root(), ".build", "mysql");

    private MySqlServer(string[] settings)
        : base(settings)
    {
    }

    protected override string Daemon => ProgramOf("mysqld");

    protected override string Client => ProgramOf("mysql");

    protected override IReadOnlyList<string> Dump => [ProgramOf("mysqldump"), "--set-gtid-purged=OFF", "--column-statistics=0"];

    protected override IReadOnlyList<string> Options => [$"basedir={Path.Combine(Installed, "usr")}", "innodb-redo-log-capacity=64M", "innodb-flush-method=nosync", "mysqlx=OFF", "secure-file-priv=", "log-error-verbosity=2"];

    protected override string MakesAccounts => $"CREATE USER {User}@'%' IDENTIFIED BY '{Password}'; GRANT ALL ON *.* TO {User}@'%' WITH GRANT OPTION";

    /// <summary>One of the installed programs: <c>mysqlbinlog</c>.</summary>
    public static string ProgramOf(string name) => Path.Combine(Installed, "bin", name);

    /// <param name="settings">Options of mysqld without the dashes: <c>sql-mode=ANSI_QUOTES</c>.</param>
    public static async Task<MySqlServer> StartAsync(params string[] settings)
    {
        MySqlServer server = new(settings);
        await server.BeginAsync();
        return server;
    }

    protected override async Task InitializeAsync(string folder, string[] names)
    {
        await Cli.Wrap(Daemon)
            .WithArguments(["--no-defaults", "--initialize-insecure", "--user=mysql", $"--datadir={Path.Combine(folder, "data")}", $"--basedir={Path.Combine(Installed, "usr")}", "--innodb-redo-log-capacity=8M", $"--tmpdir={folder}", .. names])
            .ExecuteBufferedAsync();
        File.Delete(Path.Combine(folder, "data", "auto.cnf")); // each server that begins with these data is another one
    }
}
