using System.Text;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Does what was logged again, in one session of a private server, in the order of the log, and stops at the first error. Only what concerns the one database is done: definitions by what they
/// name, whatever database they were run in, and rows by their tables.
/// </summary>
internal sealed class LogReplay
{
    private const int NoSuchDatabase = 1049;

    private readonly MySqlSession _session;
    private readonly string _database;
    private readonly RowEvents _rows;
    private PartEvent _at;
    private string? _default;
    private string? _timeZone; // of the source

    public LogReplay(MySqlSession session, string database)
    {
        _session = session;
        _database = database;
        _rows = new RowEvents(database, sql => session.Execute(sql));
        session.Execute("SET SESSION innodb_strict_mode = 0, innodb_lock_wait_timeout = 86400, wait_timeout = 2147483");
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the server is not like the log's.</exception>
    public void Begin(LogMark mark)
    {
        if (mark.DefaultEngine is { } engine)
        {
            _session.Execute($"SET SESSION default_storage_engine = {SqlText.Literal(engine)}");
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
        catch (ServerError error)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The log cannot be replayed: {Where()} fails, for the server says: {error.Message.TrimEnd('.')} (error {error.Number}).", "Restore to a moment before it, or another backup ('ai-shell backup list').", error);
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
            case StatementKind.Definition or StatementKind.DefinitionWithRows:
                Define(statement, second);
                break;
            case StatementKind.XaEnd:
                throw Refused("it is part of a distributed one (XA)");
            case StatementKind.Change when statement.Database == _database || DefinedObjects.IsNamed(statement, _database):
                throw Refused("a change in it was written as its statement");
        }
    }

    private void Define(LoggedStatement statement, uint second)
    {
        DefinedObjects defined = DefinedObjects.Of(statement) ?? throw Refused($"it is not known what a statement of it defines ({Encoding.UTF8.GetString(statement.Text)})");
        if (!defined.Concerns(_database))
        {
            return;
        }

        if (defined.All.All(IsOurs))
        {
            Run(statement, second);
        }
        else if (defined.Verb == "DROP")
        {
            _session.Execute("SET SESSION foreign_key_checks = 0");
            _session.Execute($"DROP {defined.Kind} IF EXISTS {string.Join(", ", defined.Objects.Where(IsOurs).Select(name => name.Quoted))}");
        }
        else if (defined.IsRename && defined.Objects.Zip(defined.NewNames).All(pair => IsOurs(pair.First) || !IsOurs(pair.Second)))
        {
            Leave(defined);
        }
        else
        {
            throw Refused("it brings something from another database into this one");
        }
    }

    /// <summary>Tables that go to another database are gone from this one.</summary>
    private void Leave(DefinedObjects defined)
    {
        foreach ((ObjectName from, ObjectName to) in defined.Objects.Zip(defined.NewNames).Where(pair => IsOurs(pair.First)))
        {
            _session.Execute($"CREATE DATABASE IF NOT EXISTS {SqlText.Quote(to.Database)}");
            _session.Execute($"RENAME TABLE {from.Quoted} TO {to.Quoted}");
        }
    }

    private bool IsOurs(ObjectName name) => name.Database == _database;

    /// <summary>In a session like the one that ran it.</summary>
    private void Run(LoggedStatement statement, uint second)
    {
        var variables = SessionVariables.Read(statement, _session.Features.IsMariaDb);
        if (variables.TimeZone == "SYSTEM" && _timeZone is { } source && _session.Scalar("SELECT @@system_time_zone") is { } here && here != source)
        {
            throw Refused($"it depends on the server's time zone, which is {source} there and {here} here; set TZ to the source's");
        }

        Use(statement.Database);
        MakeAccount(Encoding.UTF8.GetString(statement.Text));
        _session.Execute(variables.ToSql(second));
        try
        {
            _session.ExecuteRaw(statement.Text);
            _default = _session.Scalar("SELECT DATABASE()") is { Length: > 0 } left ? left : null;
        }
        catch (ServerError error) when (statement.ErrorNumber != 0 && error.Number == statement.ErrorNumber)
        {
            // There it ended so, too.
        }

        _session.Execute("SET NAMES utf8mb4");
        _session.Execute($"SET SESSION sql_mode = '{DatabaseEntry.SqlMode}', time_zone = '+00:00', timestamp = DEFAULT, foreign_key_checks = 1, sql_auto_is_null = 0{(_session.Features.IsMariaDb ? ", sql_if_exists = 0" : "")}");
    }

    /// <summary>A database of another name is there for names without one to lead nowhere.</summary>
    private void Use(string database)
    {
        string wanted = database.Length > 0 ? database : "information_schema";
        if (wanted == _default)
        {
            return;
        }

        try
        {
            _session.Execute($"USE {SqlText.Quote(wanted)}");
            _default = wanted;
        }
        catch (ServerError error) when (error.Number == NoSuchDatabase)
        {
            if (wanted != _database)
            {
                _session.Execute($"CREATE DATABASE {SqlText.Quote(wanted)}");
                _session.Execute($"USE {SqlText.Quote(wanted)}");
                _default = wanted;
            }
        }
    }

    /// <summary>The account in whose name an object runs must be there, for a view without it cannot be read.</summary>
    private void MakeAccount(string sql)
    {
        if (sql.Contains("DEFINER", StringComparison.OrdinalIgnoreCase) && Definer.Find(sql) is { } definer)
        {
            PrivateAccounts.Make(_session, definer.User, definer.Host);
        }
    }

    private AiShellException Refused(string why) => new(ErrorKind.Refused, $"The log cannot be replayed: {Where()} {why}.", "Restore to a moment before it, or a later backup.");
}
