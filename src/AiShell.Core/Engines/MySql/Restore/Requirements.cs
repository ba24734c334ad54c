using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>What a restore needs of a server, against what the server has and the account may.</summary>
internal sealed class Requirements
{
    /// <summary>Accounts in <see cref="BackupContents.Requires"/>: <c>user@host</c>.</summary>
    public const string Users = "users";

    private const int MostGrowth = 6; // of a character of a statement's, in JSON

    private const string NoOwnerHint = "Make what is missing, or restore with --no-owner (everything is then the user's own) or --definer.";

    private static readonly string[] ForTables = ["SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX"];
    private static readonly string[] ForObjects = ["REFERENCES", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "TRIGGER", "EVENT", "LOCK TABLES"];

    // As ISnapshot.Objects counts them, with what making one takes for certain.
    private static readonly (string Kind, string Privilege)[] ForKinds =
        [("views", "CREATE VIEW"), ("functions", "CREATE ROUTINE"), ("procedures", "CREATE ROUTINE"), ("packages", "CREATE ROUTINE"), ("libraries", "CREATE ROUTINE"), ("triggers", "TRIGGER"), ("events", Event)];

    private static readonly string GrantHint = $"GRANT {string.Join(", ", ForTables.Concat(ForObjects))} on both (docs/mysql.md has the statements), or restore as another user.";

    private const string Event = "EVENT";
    private const string TrustHint = "SET GLOBAL log_bin_trust_function_creators = 1 on the server, give the user SUPER, or restore as another user.";

    private readonly MySqlSession _session;
    private readonly string _target;
    private readonly BackupContents _contents;
    private readonly TableNameCase _nameCase;
    private readonly (string Pattern, Privileges Privileges)[] _places;

    public Requirements(MySqlSession session, string target, BackupContents contents, TableNameCase nameCase)
    {
        _session = session;
        _target = target;
        _contents = contents;
        _nameCase = nameCase;
        string beside = TargetNames.Beside(target, TargetNames.New, 0); // has the form of those that a restore makes
        _places = [($"'{target}'", Privileges.Read(session, target)), ($"'{beside.TrimEnd('0')}…'", Privileges.Read(session, beside))];
    }

    private Privileges OnTarget => _places[0].Privileges;

    /// <summary>What makes the restore fail for certain.</summary>
    public IEnumerable<AiShellException> FindMissing(TargetOptions options)
    {
        (string Database, string[] Missing)[] privileges = [.. _places.Select(place => (place.Pattern, Missing(place.Privileges, ForTables))).Where(place => place.Item2.Length > 0)];
        if (privileges.Length > 0)
        {
            yield return new AiShellException(
                ErrorKind.Failed,
                $"The user may not make tables {string.Join(" and ", privileges.Select(place => $"in {place.Database} (lacks {string.Join(", ", place.Missing)})"))}; a restore makes a database beside the target first.",
                GrantHint);
        }

        foreach (AiShellException obstacle in FindObjectObstacles(options))
        {
            yield return obstacle;
        }

        if (options.WithoutBinaryLog && !OnTarget.Everywhere("SUPER", "BINLOG ADMIN", "SESSION_VARIABLES_ADMIN", "SYSTEM_VARIABLES_ADMIN"))
        {
            yield return new AiShellException(ErrorKind.Failed, "The user may not keep the restore out of the binary log.", "GRANT BINLOG ADMIN (MariaDB) or SESSION_VARIABLES_ADMIN (MySQL), or leave out --no-binlog.");
        }

        if (_nameCase.FindClash(NamesThatCome(options)) is { } clash)
        {
            yield return clash;
        }

        if (FindDefinerObstacle(options) is { } definer)
        {
            yield return definer;
        }

        if (FindTooLarge(options) is { } tooLarge)
        {
            yield return tooLarge;
        }
    }

    /// <summary>What makes it fail where the backup has such things.</summary>
    public IEnumerable<string> FindDoubts(TargetOptions options)
    {
        bool isKnown = KnownObjects(options).Count > 0;
        string[] missing = [.. _places.SelectMany(place => Missing(place.Privileges, ForObjects)).Distinct()];
        if (missing.Length > 0)
        {
            yield return $"The user lacks {string.Join(", ", missing)}: if the backup holds what takes it, the restore fails before it changes '{_target}'.";
        }

        if (SystemAccounts.Matter(_session, OnTarget) && SystemAccounts.Read(_session) is null && SystemAccounts.OwnersIn(_session, _target).Union(OwnersThatCome(options)).Any())
        {
            yield return $"Views, routines, triggers or events belong to others: if one of these has {SystemAccounts.Privilege}, as root has, and the user lacks it, the restore fails before it changes '{_target}'.";
        }

        if (!isKnown && IsDistrusted())
        {
            yield return $"The server writes a binary log, and the user lacks SUPER: if the backup holds functions or triggers, the restore fails before it changes '{_target}', unless log_bin_trust_function_creators is set.";
        }

        if (_contents.EngineVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase) != _session.Features.IsMariaDb)
        {
            yield return $"The backup is of {_contents.EngineVersion}, and the server is {_session.ServerVersionText}: what one does not know of the other makes the restore fail before it changes '{_target}'.";
        }
    }

    /// <summary>Views, routines, triggers and events that come for certain: all that a whole backup counts.</summary>
    private IReadOnlyDictionary<string, int> KnownObjects(TargetOptions options) =>
        options is { IntoExisting: false, Tables.TakesAll: true } && !_contents.HasLinks ? _contents.Objects : new Dictionary<string, int>();

    private IEnumerable<AiShellException> FindObjectObstacles(TargetOptions options)
    {
        IReadOnlyDictionary<string, int> coming = KnownObjects(options);
        (string Kind, string Privilege)[] lacking =
        [
            .. ForKinds.Where(kind => coming.GetValueOrDefault(kind.Kind) > 0 && (kind.Privilege == Event ? [OnTarget] : _places.Select(place => place.Privileges)).Any(place => !place.OnDatabase(kind.Privilege))),
        ];
        if (lacking.Length > 0)
        {
            yield return new AiShellException(
                ErrorKind.Failed,
                $"The backup has {string.Join(", ", lacking.Select(kind => kind.Kind))}, and the user lacks {string.Join(", ", lacking.Select(kind => kind.Privilege).Distinct())} on {string.Join(" or ", _places.Select(place => place.Pattern))}.",
                GrantHint);
        }

        if (coming.GetValueOrDefault("functions") + coming.GetValueOrDefault("triggers") > 0 && IsDistrusted())
        {
            yield return new AiShellException(ErrorKind.Failed, "The backup has functions or triggers, the server writes a binary log, and the user lacks SUPER, without which he may not make them there.", TrustHint);
        }
    }

    /// <summary>Functions and triggers may not be made by this user.</summary>
    private bool IsDistrusted() => _session.Scalar("SELECT @@log_bin = 1 AND @@global.log_bin_trust_function_creators = 0") == "1" && !OnTarget.Everywhere("SUPER");

    /// <summary>Null where the server is as new as the backup's.</summary>
    public string? FindOlder()
    {
        var backup = ServerFeatures.Of(_contents.EngineVersion);
        return backup.IsMariaDb == _session.Features.IsMariaDb && backup.Version / 100 > _session.Features.Version / 100
            ? $"The backup is of {_contents.EngineVersion}, and the server is the older {_session.ServerVersionText}" : null;
    }

    /// <summary>Of relations, as far as they are known and certain: a part of the tables may come without its views.</summary>
    private IEnumerable<string> NamesThatCome(TargetOptions options)
    {
        IEnumerable<string> tables = TablesTarget.TablesOf(_contents, options).Select(table => table.Name);
        return options is { IntoExisting: false, Tables.TakesAll: true } && _contents.Requires.TryGetValue(SchemaScript.ToldApartByCase, out IReadOnlyList<string>? twins) ? tables.Union(twins) : tables;
    }

    private static string[] Missing(Privileges privileges, string[] wanted) => [.. wanted.Where(name => !privileges.OnDatabase(name))];

    /// <summary>Accounts that objects are to belong to, but for the user.</summary>
    private string[] OwnersThatCome(TargetOptions options)
    {
        string[] wanted = options.Definer is { } one ? [NameOf(Definers.Parse(one))]
            : options.KeepOwners && _contents.Requires.TryGetValue(Users, out IReadOnlyList<string>? definers) ? [.. definers] : [];
        string self = _session.Scalar("SELECT CURRENT_USER()")!;
        return [.. wanted.Where(account => account != self)];
    }

    private AiShellException? FindDefinerObstacle(TargetOptions options)
    {
        string[] others = OwnersThatCome(options);
        string[] standing = options.IntoExisting ? [] : SystemAccounts.OwnersIn(_session, _target);
        if (SystemAccounts.Matter(_session, OnTarget) && SystemAccounts.Read(_session)?.Intersect(others.Union(standing)).Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } system)
        {
            return SystemAccounts.Obstacle(system, "make or replace what belongs to");
        }

        if (others.Length > 0 && !OnTarget.SetsDefiners)
        {
            return new AiShellException(
                ErrorKind.Failed,
                $"The user may not make views, triggers or routines in the name of {ListText.First([.. others.Select(name => $"'{name}'")])}.",
                "GRANT SET USER (MariaDB), SET_ANY_DEFINER (MySQL) or SET_USER_ID (MySQL before 8.2), or restore with --no-owner: everything is then the user's own.");
        }

        string[] absent = [.. Known() is { } known ? others.Where(account => !known.Contains(account)) : []];
        if (_contents.HasGlobals && _contents.Globals.TryGetValue(Users, out IReadOnlyList<string>? coming))
        {
            absent = [.. absent.Except(coming)];
        }

        return absent.Length == 0 ? null : new AiShellException(ErrorKind.Failed, $"The server has no user {ListText.First([.. absent.Select(name => $"'{name}'")])}.", NoOwnerHint);
    }

    /// <summary>Null for an account that may not see them.</summary>
    private HashSet<string>? Known()
    {
        try
        {
            return [.. _session.Query("SELECT CONCAT(User, '@', Host) FROM mysql.user").Select(row => row[0]!)];
        }
        catch (ServerError)
        {
            return null;
        }
    }

    /// <summary>LOAD DATA LOCAL takes rows of any size; a statement does not. What a part's rows have on average, the largest has at least.</summary>
    private AiShellException? FindTooLarge(TargetOptions options)
    {
        if (_contents.Scope == BackupScope.All && _session.Scalar("SELECT @@local_infile") == "1")
        {
            return null;
        }

        BackupPart? part = _contents.Parts.FirstOrDefault(
            part => part.Rows > 0 && part.Table is { } table && options.Tables.Takes(table) && part.PlainBytes / part.Rows / (part.Extension == "sql" ? 1 : MostGrowth) > _session.LargestPacket);
        return part is null ? null : InsertLoad.TooLarge(part.Table!, _session.LargestPacket);
    }

    private static string NameOf((string User, string Host) account) => $"{account.User}@{account.Host}";
}
