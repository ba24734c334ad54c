using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>What it takes to replay a log in a scratch database of the target's server (<see cref="LimitedPlace"/>).</summary>
internal sealed class LimitedRequirements(MySqlSession session, string target, BackupContents contents)
{
    private const int FirstVersion = 100502; // BINLOG REPLAY and SET USER are privileges of their own

    private readonly bool _isOfMariaDb = ServerFeatures.Of(contents.EngineVersion).IsMariaDb;

    private string Package => _isOfMariaDb ? "mariadb-server" : "mysql-server";

    private string OrInstall => $"or install the package {Package} on this machine, for a private server";

    private readonly Privileges _privileges = Privileges.Read(session, TargetNames.Beside(TargetNames.RootOf(target), TargetNames.Replay, 0));

    public static bool HasBinaryLog(MySqlSession session) => session.Scalar("SELECT @@log_bin") == "1";

    public static bool MayLendDefiners(MySqlSession session, string database) => Privileges.Read(session, database) is { GrantsEverywhere: true } privileges && privileges.Everywhere("SET USER");

    /// <summary>What makes it fail for certain.</summary>
    public IEnumerable<AiShellException> FindObstacles()
    {
        if (!_isOfMariaDb || !session.Features.IsMariaDb || session.Features.Version < FirstVersion)
        {
            string why = _isOfMariaDb ? $"the target's is {session.ServerVersionText}" : "what a log of MySQL's may reach there is not held back by this version";
            yield return Refused(why, $"Install the package {Package} on this machine, or name the folder of its programs in {ServerPrograms.Variable}. Nothing of it has to run.");
            yield break;
        }

        if (ServerFeatures.Of(contents.EngineVersion).Version / 100 > session.Features.Version / 100)
        {
            yield return Refused($"the target's is the older {session.ServerVersionText}", $"Restore to a server as new as the source's ({contents.EngineVersion}), {OrInstall}.");
        }

        if (session.Scalar("SELECT @@lower_case_table_names") != "0")
        {
            yield return Refused("the target's does not tell names apart by case (lower_case_table_names)", $"Restore to another server, {OrInstall}.");
        }

        if (session.Scalar("SELECT @@global.slave_run_triggers_for_rbr") != "NO")
        {
            yield return Refused("the target's would run triggers", $"SET GLOBAL slave_run_triggers_for_rbr = NO there, {OrInstall}.");
        }

        foreach ((string lacks, string grant) in FindMissingPrivileges())
        {
            yield return Refused($"the user lacks {lacks} for that", $"{grant}; {OrInstall}.");
        }
    }

    /// <summary>What is done, and what may make it fail.</summary>
    public IEnumerable<string> FindDoubts()
    {
        yield return "This machine has no MariaDB server of its own, so the log is replayed on the target's, in a scratch database beside the target and by an account that may touch nothing else; what names another database fails there.";
        if (!(_privileges.GrantsEverywhere && _privileges.Everywhere("SET USER")))
        {
            yield return $"The user lacks SET USER WITH GRANT OPTION: if the log defines views, triggers, routines or events, the restore fails before it changes '{target}' (GRANT SET USER ON *.* TO {Self} WITH GRANT OPTION).";
        }

        if (session.Scalar("SELECT @@log_bin = 1 AND @@global.log_bin_trust_function_creators = 0") == "1")
        {
            yield return $"The server writes a binary log: if the log defines functions or triggers, the restore fails before it changes '{target}', unless log_bin_trust_function_creators is set.";
        }

        if (session.Scalar("SELECT @@global.event_scheduler") == "ON")
        {
            yield return $"The server runs events: if the backup or the log has any, the restore fails before it changes '{target}', unless event_scheduler is OFF for that time.";
        }
    }

    private string Self
    {
        get
        {
            string self = session.Scalar("SELECT CURRENT_USER()")!;
            int at = self.LastIndexOf('@');
            return $"{SqlText.Quote(self[..at])}@{SqlText.Quote(self[(at + 1)..])}";
        }
    }

    private IEnumerable<(string Lacks, string Grant)> FindMissingPrivileges()
    {
        if (!_privileges.Everywhere("CREATE USER"))
        {
            yield return ("CREATE USER", $"GRANT CREATE USER ON *.* TO {Self}");
        }

        if (!_privileges.Everywhere("BINLOG REPLAY", "SUPER"))
        {
            yield return ("BINLOG REPLAY", $"GRANT BINLOG REPLAY ON *.* TO {Self}");
        }

        if (HasBinaryLog(session) && !(_privileges.Everywhere("BINLOG ADMIN") && _privileges.GrantsEverywhere))
        {
            yield return ("BINLOG ADMIN WITH GRANT OPTION", $"GRANT BINLOG ADMIN ON *.* TO {Self} WITH GRANT OPTION");
        }

        if (!_privileges.GrantsOnDatabase)
        {
            string pattern = SqlText.Quote(SqlText.Pattern($"{TargetNames.RootOf(target)}_ai_shell_") + "%");
            yield return ("GRANT OPTION on the databases beside the target", $"GRANT ALL ON {pattern}.* TO {Self} WITH GRANT OPTION");
        }
    }

    private AiShellException Refused(string why, string hint) =>
        new(ErrorKind.Usage, $"This machine has no {(_isOfMariaDb ? "MariaDB" : "MySQL")} to start a private server for the log's replay, and it cannot be replayed on the target's server: {why}.", hint);
}
