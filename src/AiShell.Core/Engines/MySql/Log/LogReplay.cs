using System.Text;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Does what was logged again, in the order of the log, and stops at the first error. Only what concerns the one database is done: definitions by what they
/// name, whatever database they were run in, and rows by their tables.
/// </summary>
internal sealed class LogReplay : IDisposable
{
    private readonly MySqlSession _session;
    private readonly IReplaySite _site;
    private readonly string _database;
    private readonly TableNameCase _case;
    private readonly RowEvents _rows;
    private PartEvent _at;
    private string? _timeZone; // of the source

    public LogReplay(MySqlSession session, string database)
        : this(session, new OwnServerSite(session, database), database)
    {
    }

    /// <param name="session">Writes rows.</param>
    /// <param name="database">As the log calls it.</param>
    public LogReplay(MySqlSession session, IReplaySite site, string database)
    {
        _session = session;
        _site = site;
        _database = database;
        _case = TableNameCase.Read(session);
        _rows = new RowEvents(IsOurs, site.Database, RequireFit, sql => session.Execute(sql));
        foreach (MySqlSession one in new[] { session, site.Definitions }.Distinct())
        {
            one.Execute("SET SESSION innodb_strict_mode = 0, innodb_lock_wait_timeout = 86400, wait_timeout = 2147483");
        }
    }

    /// <summary>Does a part of a log.</summary>
    public async Task RunAsync(LoggedParts parts, LinkPart part, Stream plain, CancellationToken cancellationToken)
    {
        await using CancellationTokenRegistration close = _site.Definitions.CloseOn(cancellationToken);
        try
        {
            await ServerErrors.RunAsync(_session, "the log", _ => parts.Read(part, plain, Begin, Do), cancellationToken);
        }
        catch (OperationCanceledException) when (_site.Definitions != _session)
        {
            await _site.Definitions.EndServerWorkAsync();
            throw;
        }
    }

    public void Dispose()
    {
        _site.Definitions.Dispose();
        _session.Dispose();
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the server is not like the log's.</exception>
    public void Begin(LogMark mark)
    {
        if (_case.Setting != mark.NameCase.Setting)
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"The log cannot be replayed: its server compares names otherwise (lower_case_table_names = {mark.NameCase.Setting}) than the one that would replay it (lower_case_table_names = {_case.Setting}).",
                "Restore a full backup, and make a new one on the source: the log after it says how names are compared.");
        }

        if (mark.DefaultEngine is { } engine)
        {
            _site.Definitions.Execute($"SET SESSION default_storage_engine = {SqlText.Literal(engine)}");
        }

        _timeZone = mark.TimeZone;
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it cannot be done on the copy; <see cref="ErrorKind.Refused"/>: it would not be the same here.</exception>
    public void Do(PartEvent next)
    {
        _at = next;
        try
        {
            Do(next.Streamed.Event);
        }
        catch (ServerError error) when (_site.IsForbidden(error))
        {
            throw Refused($"may not do here what it does: {error.Message.TrimEnd('.')}", error);
        }
        catch (ServerError error)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The log cannot be replayed: {Where()} fails, for the server says: {error.Message.TrimEnd('.')} (error {error.Number}).", _site.Hint, error);
        }
    }

    private string Where() => $"the transaction {(_at.Gtid.Length > 0 ? $"{_at.Gtid}, " : "")}at {_at.Streamed.File}:{_at.Streamed.Start},";

    private void Do(BinaryLogEvent next)
    {
        switch (next.Type)
        {
            case EventType.FormatDescription:
                _rows.Flush();
                _rows.Describe(next);
                if (!_session.Features.IsMariaDb)
                {
                    _session.Execute("SET SESSION gtid_next = 'AUTOMATIC'"); // BINLOG leaves it for a GTID to come (manual, "gtid_next"), which a server with GTIDs insists on
                }

                break;
            case EventType.TableMap:
                _rows.Add(next);
                break;
            case var type when type.IsRows():
                _rows.Add(next);
                break;
            case EventType.Xid:
                _rows.Flush();
                _session.Execute("COMMIT");
                break;
            case EventType.Query or EventType.CompressedQuery:
                _rows.Flush();
                Do(LoggedStatement.Read(next), next.Second);
                break;
        }
    }

    private void Do(LoggedStatement statement, uint second)
    {
        switch (StatementKinds.Of(statement))
        {
            case StatementKind.Begin:
                _session.Execute("BEGIN");
                break;
            case StatementKind.End or StatementKind.Control:
                _session.Execute(Encoding.UTF8.GetString(statement.Text));
                break;
            case StatementKind.Definition:
                Define(statement, second);
                break;
            case StatementKind.DefinitionWithRows:
                Define(StatementKinds.WithoutTransaction(statement), second);
                break;
            case StatementKind.XaEnd:
                throw Refused("it is part of a distributed one (XA)");
            case StatementKind.Change when IsOurs(statement.Database) || DefinedObjects.IsNamed(statement, _database, _case):
                throw Refused("a change in it was written as its statement");
        }
    }

    private void Define(LoggedStatement statement, uint second)
    {
        DefinedObjects defined = DefinedObjects.Of(statement, _case) ?? throw Refused($"it is not known what a statement of it defines ({Encoding.UTF8.GetString(statement.Text)})");
        if (!defined.Concerns(_database))
        {
            return;
        }

        if (defined.All.All(IsOurs))
        {
            if (_site.FindObstacle(statement, defined) is { } obstacle)
            {
                throw Refused(obstacle);
            }

            Run(statement, defined, second);
        }
        else if (defined.Verb == "DROP")
        {
            _site.Definitions.Execute("SET SESSION foreign_key_checks = 0");
            _site.Definitions.Execute($"DROP {defined.Kind} IF EXISTS {string.Join(", ", defined.Objects.Where(IsOurs).Select(name => SqlText.Quote(_site.Database, name.Name)))}");
        }
        else if (defined.IsRename && defined.Objects.Zip(defined.NewNames).All(pair => IsOurs(pair.First) || !IsOurs(pair.Second)))
        {
            if (_site.Leave([.. defined.Objects.Zip(defined.NewNames).Where(pair => IsOurs(pair.First))]) is { } stays)
            {
                throw Refused(stays);
            }
        }
        else
        {
            throw Refused("it brings something from another database into this one");
        }
    }

    /// <summary>An event belongs from then on to whoever changed it (manual, ALTER EVENT), which the log does not say in the statement's text.</summary>
    private byte[] WithOwner(LoggedStatement statement, SessionVariables variables)
    {
        string sql = Encoding.Latin1.GetString(statement.Text);
        for (int start = 0, end; start < sql.Length; start = end)
        {
            end = SqlLexer.EndOfToken(sql, start);
            string token = sql[start..end];
            if (token.Equals("DEFINER", StringComparison.OrdinalIgnoreCase))
            {
                return statement.Text;
            }

            if (token.Equals("EVENT", StringComparison.OrdinalIgnoreCase) && variables.Invoker is { } owner)
            {
                return [.. statement.Text[..start], .. Encoding.UTF8.GetBytes($"DEFINER={owner} "), .. statement.Text[start..]];
            }
        }

        throw Refused("it changes an event, and leaves open to whom that belongs");
    }

    private bool IsOurs(ObjectName name) => IsOurs(name.Database);

    private bool IsOurs(string database) => _case.IsSame(database, _database);

    /// <summary>In a session like the one that ran it.</summary>
    private void Run(LoggedStatement statement, DefinedObjects defined, uint second)
    {
        MySqlSession session = _site.Definitions;
        var variables = SessionVariables.Read(statement, session.Features.IsMariaDb);
        if (variables.TimeZone == "SYSTEM" && _timeZone is { } source && session.Scalar("SELECT @@system_time_zone") is { } here && here != source)
        {
            throw Refused($"it depends on the server's time zone, which is {source} there and {here} here; set TZ to the source's");
        }

        if (session != _session)
        {
            _session.Execute("COMMIT"); // as the definition would, in a session that did both
        }

        _site.Enter(statement.Database);
        byte[] text = defined is { Verb: "ALTER", Kind: "EVENT" } && _site.NamesOwners ? WithOwner(statement, variables) : statement.Text;
        _site.MakeOwner(Encoding.UTF8.GetString(text));
        session.Execute(variables.ToSql(second));
        string? fault = null;
        try
        {
            session.ExecuteRaw(text);
            fault = _site.FindFault(defined);
        }
        catch (ServerError error) when (statement.ErrorNumber != 0 && error.Number == statement.ErrorNumber)
        {
            // There it ended so, too.
        }

        if (fault is not null)
        {
            throw Refused(fault);
        }

        session.Execute("SET NAMES utf8mb4");
        session.Execute($"SET SESSION sql_mode = '{DatabaseEntry.SqlMode}', time_zone = '+00:00', timestamp = DEFAULT, foreign_key_checks = 1, sql_auto_is_null = 0{(session.Features.IsMariaDb ? ", sql_if_exists = 0" : "")}");
    }

    private void RequireFit(string table)
    {
        if (_site.FindUnfit(table) is { } unfit)
        {
            throw Refused(unfit);
        }
    }

    private AiShellException Refused(string why, Exception? cause = null) => new(ErrorKind.Refused, $"The log cannot be replayed: {Where()} {why}.", _site.Hint, cause);
}
