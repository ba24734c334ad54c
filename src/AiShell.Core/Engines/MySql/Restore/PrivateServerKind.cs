namespace AiShell.Engines.MySql.Restore;

/// <summary>What differs between a private server of MariaDB's and of MySQL's.</summary>
/// <param name="Installer">The program that makes its data.</param>
/// <param name="Server">The server.</param>
internal sealed record PrivateServerKind(bool IsMariaDb, string Installer, string Server)
{
    public IReadOnlyList<string> InstallerOptions => IsMariaDb
        ? ["--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-log-file-size=8M"]
        : ["--initialize-insecure", "--innodb-redo-log-capacity=32M", "--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--skip-log-bin"];

    /// <summary>What is written need not last. MySQL runs events unless it is told not to, numbers transactions, and refuses foreign keys that it took in earlier versions.</summary>
    public IReadOnlyList<string> ServerOptions => IsMariaDb
        ? ["--innodb-log-file-size=128M", "--skip-symbolic-links"]
        :
        [
            "--innodb-redo-log-capacity=256M", "--innodb-flush-method=nosync", "--loose-mysqlx=OFF", "--event-scheduler=OFF", "--gtid-mode=OFF", "--enforce-gtid-consistency=OFF", "--loose-restrict-fk-on-non-standard-key=OFF",
            "--performance-schema=OFF",
        ];

    /// <param name="version">Of the server whose log or backup it gets; null for any.</param>
    /// <returns>Null where this machine has none.</returns>
    public static PrivateServerKind? Find(ServerPrograms programs, string? version) =>
        programs.HasMariaDb && (version is null || ServerFeatures.Of(version).IsMariaDb) ? new PrivateServerKind(true, programs.Find("mariadb-install-db")!, programs.Find("mariadbd")!)
        : programs.FindMySql() is { } server && (version is null || !ServerFeatures.Of(version).IsMariaDb) ? new PrivateServerKind(false, server, server)
        : null;

    /// <summary>Run once, at its start: the one account that there is.</summary>
    public IReadOnlyList<string> AccountStatements(string account, string password) => IsMariaDb
        ? [$"CREATE OR REPLACE USER {account} IDENTIFIED BY '{password}'", $"GRANT ALL ON *.* TO {account} WITH GRANT OPTION", "DELETE FROM mysql.global_priv WHERE User = 'root' OR User = ''", "FLUSH PRIVILEGES"]
        : [$"CREATE USER {account} IDENTIFIED BY '{password}'", $"GRANT ALL ON *.* TO {account} WITH GRANT OPTION", "DROP USER root@localhost"];
}
