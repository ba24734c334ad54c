using System.Globalization;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>What it takes to replay a log in a scratch database of the target's server (<see cref="LimitedPlace"/>).</summary>
internal sealed class LimitedRequirements(MySqlSession session, string target, BackupContents contents)
{
    private const int FirstMariaDb = 100502; // BINLOG REPLAY and SET USER are privileges of their own
    private const int FirstWithPublic = 101100;
    private const int NoSuchGrant = 1141;
    private const int FirstMySql = 80200; // so is SET_ANY_DEFINER

    /// <summary>MySQL: those that are not there, and those whom only their like may touch.</summary>
    private static readonly string[] OfSomeDefiners = ["ALLOW_NONEXISTENT_DEFINER", "SYSTEM_USER"];

    private readonly bool _isOfMariaDb = ServerFeatures.Of(contents.EngineVersion).IsMariaDb;

    private string Package => _isOfMariaDb ? "mariadb-server" : "mysql-server";

    private string PrivateServer => $"the package {Package} on this machine, for a private server";

    private string OrInstall => $"or install {PrivateServer}";

    /// <summary>What to do where the target's server will not do.</summary>
    public string Install => $"Install {PrivateServer}";

    /// <summary>To make objects in the name of others.</summary>
    private string SetUser => _isOfMariaDb ? "SET USER" : "SET_ANY_DEFINER";

    private bool MayLendDefiners => _privileges.GrantsEverywhere && _privileges.Everywhere(SetUser);

    /// <summary>What the account is given of the server's privileges: to make objects in the name of others, to be in no binary log, and on MySQL to set its session as the log has it.</summary>
    public IEnumerable<string> Lent
    {
        get
        {
            if (!_isOfMariaDb || HasBinaryLog(session))
            {
                yield return LeaveOut;
            }

            if (!MayLendDefiners)
            {
                yield break;
            }

            yield return SetUser;
            foreach (string privilege in OfSomeDefiners.Where(name => !_isOfMariaDb && _privileges.Everywhere(name)))
            {
                yield return privilege;
            }
        }
    }

    /// <summary>To be in no binary log; on MySQL, for whatever a session is set to.</summary>
    private string LeaveOut => _isOfMariaDb ? "BINLOG ADMIN" : "SESSION_VARIABLES_ADMIN";

    private readonly Privileges _privileges = Privileges.Read(session, TargetNames.Beside(TargetNames.RootOf(target), TargetNames.Replay, 0));

    public static bool HasBinaryLog(MySqlSession session) => session.Scalar("SELECT @@log_bin") == "1";

    /// <summary>Rows that are written from a log would fire triggers. MySQL's never do.</summary>
    public static bool RunsTriggers(MySqlSession session) => session.Features.IsMariaDb && session.Scalar("SELECT @@global.slave_run_triggers_for_rbr") is not ("NO" or null);

    /// <summary>What makes it fail for certain.</summary>
    public IEnumerable<AiShellException> FindObstacles()
    {
        if (_isOfMariaDb != session.Features.IsMariaDb || session.Features.Version < (_isOfMariaDb ? FirstMariaDb : FirstMySql))
        {
            yield return Refused($"the target's is {session.ServerVersionText}", $"Install the package {Package} on this machine, or name the folder of its programs in {ServerPrograms.Variable}. Nothing of it has to run.");
            yield break;
        }

        if (ServerFeatures.Of(contents.EngineVersion).Version / 100 > session.Features.Version / 100)
        {
            yield return Refused($"the target's is the older {session.ServerVersionText}", $"Restore to a server as new as the source's ({contents.EngineVersion}), {OrInstall}.");
        }

        if (!_isOfMariaDb && session.Scalar("SELECT @@global.partial_revokes") == "1")
        {
            yield return Refused("the target's has partial_revokes set, so that no account can be given databases by a pattern", $"Restore to another server, {OrInstall}.");
        }

        if (FindPublicGrant() is { } ofAll)
        {
            yield return Refused($"on the target's every account has rights of its own ({ofAll})", $"Revoke that for the time of the restore, {OrInstall}.");
        }

        if (RunsTriggers(session))
        {
            yield return Refused("the target's would run triggers", $"SET GLOBAL slave_run_triggers_for_rbr = NO there, {OrInstall}.");
        }

        foreach ((string lacks, string grant) in FindMissingPrivileges())
        {
            yield return Refused($"the user lacks {lacks} for that", $"{grant}; {OrInstall}.");
        }
    }

    /// <summary>Names that are one to the one server are two to the other; null where both compare them alike.</summary>
    /// <param name="source">The source's <c>lower_case_table_names</c>, which only its backup says.</param>
    public AiShellException? FindOtherCase(int source) => TableNameCase.Read(session).Setting is var here && here == source.ToString(CultureInfo.InvariantCulture) ? null : Refused(
        $"the target's compares names otherwise (lower_case_table_names = {here}) than the source (lower_case_table_names = {source})", $"Restore to a server like the source, {OrInstall}.");

    /// <summary>What is done, and what may make it fail.</summary>
    public IEnumerable<string> FindDoubts()
    {
        yield return $"This machine has no {(_isOfMariaDb ? "MariaDB" : "MySQL")} server of its own, so the log is replayed on the target's, in a scratch database beside the target and by an account that may touch nothing else; what names another database fails there.";
        if (!MayLendDefiners)
        {
            yield return $"The user lacks {SetUser} WITH GRANT OPTION: if the log defines views, triggers, routines or events, the restore fails before it changes '{target}' (GRANT {SetUser} ON *.* TO {Self} WITH GRANT OPTION).";
        }

        if (session.Scalar("SELECT @@log_bin = 1 AND @@global.log_bin_trust_function_creators = 0") == "1")
        {
            yield return $"The server writes a binary log: if the log defines functions or triggers, the restore fails before it changes '{target}', unless log_bin_trust_function_creators is set.";
        }

        if (TableNameCase.Read(session).Setting != "0")
        {
            yield return $"The server does not tell names of tables apart by case (lower_case_table_names): if the source does, the restore fails before it changes '{target}'.";
        }

        if (session.Scalar("SELECT @@global.event_scheduler") == "ON")
        {
            yield return $"The server runs events: if the backup or the log has any, the restore fails before it changes '{target}', unless event_scheduler is OFF for that time.";
        }
    }

    /// <summary>
    /// What MariaDB gives to PUBLIC (from 10.11 on), nobody can be without, so that a definition could take in what another database has today. What it is installed with,
    /// for databases for tests, is no matter. MySQL's mandatory_roles are left off by the session.
    /// </summary>
    private string? FindPublicGrant()
    {
        if (!_isOfMariaDb || session.Features.Version < FirstWithPublic)
        {
            return null;
        }

        try
        {
            return session.Query("SHOW GRANTS FOR PUBLIC").Select(row => row[0]!).FirstOrDefault(grant =>
                !grant.StartsWith("GRANT USAGE ", StringComparison.Ordinal) && !grant.Contains(" ON `test`.", StringComparison.Ordinal) && !grant.Contains(" ON `test\\_%`.", StringComparison.Ordinal));
        }
        catch (ServerError none) when (none.Number == NoSuchGrant)
        {
            return null;
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

        string replay = _isOfMariaDb ? "BINLOG REPLAY" : "REPLICATION_APPLIER";
        if (!_privileges.Everywhere(replay, "SUPER"))
        {
            yield return (replay, $"GRANT {replay} ON *.* TO {Self}");
        }

        if ((HasBinaryLog(session) || !_isOfMariaDb) && !(_privileges.Everywhere(LeaveOut) && _privileges.GrantsEverywhere))
        {
            yield return ($"{LeaveOut} WITH GRANT OPTION", $"GRANT {LeaveOut} ON *.* TO {Self} WITH GRANT OPTION");
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
