using System.Globalization;

namespace AiShell.Engines.MySql;

/// <summary>What differs between MySQL and MariaDB and their versions, in one place. MySQL 9.7 is tested; earlier versions by recorded answers (docs/mysql.md).</summary>
/// <param name="Version">100114 for 10.1.14, 80036 for 8.0.36.</param>
internal sealed record ServerFeatures(bool IsMariaDb, int Version)
{
    /// <summary>BACKUP STAGE (MariaDB 10.4): blocks commits for a moment, and nothing else.</summary>
    public bool HasBackupStage => IsMariaDb && Version >= 100400;

    /// <summary>LOCK INSTANCE FOR BACKUP (MySQL 8.0): blocks DDL.</summary>
    public bool HasInstanceLock => !IsMariaDb && Version >= 80000;

    public bool HasSequences => IsMariaDb && Version >= 100300;

    public bool HasSystemVersioning => IsMariaDb && Version >= 100300;

    /// <summary>system_versioning_insert_history.</summary>
    public bool CanInsertHistory => IsMariaDb && Version >= 101100;

    /// <summary>BEGIN NOT ATOMIC with any statement in EXECUTE IMMEDIATE (MariaDB 10.6).</summary>
    public bool HasCompoundStatements => IsMariaDb && Version >= 100600;

    /// <summary>print_identified_with_as_hex (MySQL 8.0.17).</summary>
    public bool HasHexadecimalHashes => !IsMariaDb && Version >= 80017;

    /// <summary>Expressions of a table are told as they are to whoever has no character set for answers, and defaults that utf8mb3 has no characters for in hexadecimal (MySQL 8.0).</summary>
    public bool ShowsExactExpressions => !IsMariaDb && Version >= 80000;

    /// <summary>information_schema_stats_expiry (MySQL 8.0.3).</summary>
    public bool CachesTableSizes => !IsMariaDb && Version >= 80003;

    /// <summary>SYSTEM_USER (MySQL 8.0.16).</summary>
    public bool HasSystemAccounts => !IsMariaDb && Version >= 80016;

    /// <summary>sql_generate_invisible_primary_key (MySQL 8.0.30).</summary>
    public bool GivesPrimaryKeys => !IsMariaDb && Version >= 80030;

    /// <summary>CREATE LIBRARY (MySQL 9.2).</summary>
    public bool HasLibraries => !IsMariaDb && Version >= 90200;

    /// <summary>Asks who has which role: its name and host, and the name and host of whoever has it, which may be a role. Null before there were roles (MySQL 8.0).</summary>
    public string? RoleMembers => IsMariaDb ? "SELECT Role, '', User, Host FROM mysql.roles_mapping" : Version >= 80000 ? "SELECT FROM_USER, FROM_HOST, TO_USER, TO_HOST FROM mysql.role_edges" : null;

    /// <summary>The name of the statement that tells the binary log's position.</summary>
    public string BinaryLogStatus => IsMariaDb ? (Version >= 100502 ? "SHOW BINLOG STATUS" : "SHOW MASTER STATUS") : Version >= 80200 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";

    /// <param name="version">As VERSION() says it: <c>10.11.14-MariaDB-0+deb12u2-log</c>, <c>8.0.36</c>.</param>
    public static ServerFeatures Of(string version)
    {
        bool mariaDb = version.Contains("MariaDB", StringComparison.OrdinalIgnoreCase);
        int[] numbers = [.. version.Split('-')[0].Split('.').Take(3).Select(number => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0)];
        return new ServerFeatures(mariaDb, (numbers.ElementAtOrDefault(0) * 10000) + (numbers.ElementAtOrDefault(1) * 100) + numbers.ElementAtOrDefault(2));
    }
}
