using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;
using MySqlConnector;

namespace AiShell.Engines.MySql;

/// <summary>What the server says, in the terms of exit codes (manual, "Server Error Message Reference").</summary>
internal static class ServerErrors
{
    public const int NoDatabasePrivilege = 1044;
    public const int NoPrivilege = 1227;
    public const int NoSuchDatabase = 1008;
    public const int UnknownDatabase = 1049;
    public const int NoSuchTable = 1146;
    public const int LockWaitTimeout = 1205;
    public const int InvalidView = 1356;
    public const int TriggerExists = 1359;
    public const int MixedEngines = 1785;

    // A table or view, a key to be dropped, a routine or package, an event, a foreign key's name.
    private static readonly int[] Done = [1050, 1091, 1304, 1537, 1826];

    private const string PrivilegeHint = "docs/mysql.md lists the privileges that a backup and a restore need.";

    public const string RepairHint = "Repair it (CHECK TABLE, REPAIR TABLE), or leave it out with --exclude-tables.";

    /// <param name="subject">What was being done or to what, for the message: <c>table 'orders'</c>.</param>
    public static AiShellException Translate(ServerError error, string subject)
    {
        string says = error.Message.TrimEnd('.');
        if (IsFullDisk(error))
        {
            return new(ErrorKind.Failed, $"The server's disk is full, on {subject}: {says}.", "Free some space there.", error);
        }

        return error.Number switch
        {
            1044 or 1142 or 1143 or 1227 or 1345 or 1370 or 1410 => new(ErrorKind.Failed, $"Not permitted, on {subject}: {says}.", PrivilegeHint, error),
            1205 => new(ErrorKind.Busy, $"A lock could not be had in time, on {subject}: {says}.", "Wait longer with --lock-wait, or end the session that holds it.", error),
            1213 => new(ErrorKind.Failed, $"The server ended a deadlock, on {subject}: {says}.", "Try again.", error),
            1040 or 1203 or 1226 => new(ErrorKind.Unreachable, $"Not let in by the server, on {subject}: {says}.", "Try again when the server has room, or use fewer --jobs.", error),
            1053 or 1317 or 1927 or 3169 or 4031 => new(ErrorKind.Failed, $"The server ended the session, on {subject}: {says}.", "Try again when it is back, or ask who ended it.", error),
            1969 or 3024 => new(ErrorKind.Failed, $"The server's limit of time ended the statement, on {subject}: {says}.", "Ask for an account without max_statement_time.", error),
            1153 => new(ErrorKind.Failed, $"A value or a statement is larger than the server takes, on {subject}: {says}.", "Raise the server's max_allowed_packet (1073741824 at most).", error),
            1412 => new(ErrorKind.Failed, $"A table was altered meanwhile, on {subject}: {says}.", "Try again when nobody changes the schema.", error),
            1017 or 1034 or 1035 or 1194 or 1195 => new(ErrorKind.Failed, $"A table is damaged, on {subject}: {says}.", RepairHint, error),
            1290 or 1792 or 1836 => new(ErrorKind.Failed, $"The server takes no writes, on {subject}: {says}.", "Restore to the primary, or unset read_only there.", error),
            1418 or 1419 => new(
                ErrorKind.Failed, $"The binary log keeps the user from making it, on {subject}: {says}.", "SET GLOBAL log_bin_trust_function_creators = 1 on the server, or give the user SUPER.", error),
            1449 => new(ErrorKind.Failed, $"The account that an object belongs to is missing, on {subject}: {says}.", "Create the account on the server, or give the objects to another with --definer.", error),
            1115 or 1273 => new(ErrorKind.Failed, $"The server is too old for the backup, or another maker's, on {subject}: {says}.", "Restore to a server that has that character set and collation.", error),
            _ => new(ErrorKind.Failed, $"The server reports an error, on {subject}: {says} (error {error.Number}).", null, error),
        };
    }

    /// <summary>Said in many ways: by the number, by the system's number 28 within the text, as a table that is full.</summary>
    private static bool IsFullDisk(ServerError error) =>
        error.Number is 1021 or 1114
        || error.Message.Contains("No space left on device", StringComparison.Ordinal)
        || error.Message.Contains("Errcode: 28", StringComparison.Ordinal)
        || (error.Number == 1030 && error.Message.Contains("error 28", StringComparison.Ordinal));

    /// <summary>What the statement is to make is there, or what it is to drop is not.</summary>
    public static bool SaysThatItIsDone(ServerError error) => Done.Contains(error.Number);

    private const int WantsPassword = -1;

    /// <summary>The server wants the password itself, where it could be heard.</summary>
    public static bool IsAskedForPassword(MySqlException failure) => failure.Message.Contains(SessionString.NoPublicKey, StringComparison.Ordinal);

    /// <summary>A session that could not be opened: whatever the reason, the server cannot be used.</summary>
    public static AiShellException TranslateLogin(Exception failure, ConnectionSettings settings)
    {
        (int number, string says) = failure switch
        {
            ServerError error => (error.Number, error.Message),
            MySqlException error when IsAskedForPassword(error) => (WantsPassword, "it wants the password itself, which is not said in clear"),
            MySqlException error when error.Message.StartsWith("Connect Timeout", StringComparison.Ordinal) => (0, $"no answer within {settings.ConnectTimeout.TotalSeconds:0} seconds"),
            MySqlException error => (error.Number, Reason(error)),
            _ => (0, failure.Message),
        };
        string hint = number switch
        {
            1045 or 1698 => "Check the user and the password, and that the server has an account for the host that you come from.",
            WantsPassword => "Use ssl-mode=required or better, or a Unix socket.",
            1044 => $"GRANT the user SELECT and the rest of docs/mysql.md on {SqlText.Quote(settings.Database)}.",
            1049 => "Check the database's name.",
            1040 or 1203 or 1226 => "Try again when the server has room, or use fewer --jobs.",
            1129 => "The server refuses this host after too many failed attempts: FLUSH HOSTS there.",
            1130 => "The server has no account for the host that you come from.",
            1820 or 1862 or 4151 or 3118 => "The account must be put in order on the server first: its password has expired, or it is locked.",
            1251 or 1275 or 2059 => "Give the account a password of another kind, for example ALTER USER … IDENTIFIED VIA mysql_native_password (MariaDB) or caching_sha2_password (MySQL).",
            _ when says.Contains("does not support SSL", StringComparison.Ordinal) => "Set TLS up on the server (ssl_cert, ssl_key), or use ssl-mode=preferred or disabled.",
            _ => "Check the host, the port, and that the server runs and listens there (bind_address).",
        };
        return new AiShellException(ErrorKind.Unreachable, $"The server {settings.Server} cannot be used: {says.TrimEnd('.')}.", hint, failure);
    }

    /// <summary>MySqlConnector says little where a cause says more.</summary>
    private static string Reason(MySqlException error) => error.InnerException is { } cause and not MySqlException ? $"{error.Message.TrimEnd('.')} ({cause.Message.TrimEnd('.')})" : error.Message;

    /// <summary>Runs blocking work on a session away from the caller's thread, cancellable, with errors in the terms of this program.</summary>
    public static async Task<T> RunAsync<T>(MySqlSession session, string subject, Func<MySqlSession, T> work, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration close = session.CloseOn(cancellationToken);
        try
        {
            return await Task.Run(() => work(session), cancellationToken);
        }
        catch (Exception failure) when (cancellationToken.IsCancellationRequested && failure is ConnectionBroken or ObjectDisposedException or OperationCanceledException)
        {
            await session.EndServerWorkAsync();
            throw new OperationCanceledException("The session was closed.", failure, cancellationToken);
        }
        catch (ServerError error)
        {
            throw Translate(error, subject);
        }
        catch (Exception failure) when (failure is ConnectionBroken or InvalidDataException)
        {
            throw new AiShellException(ErrorKind.Failed, $"The connection to the server broke, on {subject}: {failure.Message.TrimEnd('.')}.", "Try again when the server can be reached.", failure);
        }
    }

    public static Task RunAsync(MySqlSession session, string subject, Action<MySqlSession> work, CancellationToken cancellationToken) =>
        RunAsync(
            session,
            subject,
            open =>
            {
                work(open);
                return true;
            },
            cancellationToken);
}
