using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>
/// Cuts a log into transactions. MariaDB's begin with a GTID whose flags tell whether one statement follows or everything up to COMMIT, ROLLBACK,
/// Xid or the preparation of an XA transaction; with MySQL's the first statement tells it.
/// </summary>
internal sealed class TransactionCut
{
    private const int MostOfText = 200;

    private readonly Dictionary<string, HashSet<string>> _prepared = new(StringComparer.Ordinal);
    private readonly HashSet<string> _databases = new(StringComparer.Ordinal);
    private readonly List<InexactChange> _inexact = [];
    private TransactionId? _id;
    private long _start;
    private bool _isOpen;
    private bool _hasDefinition;
    private string? _xa;

    /// <summary>The events so far end within a transaction.</summary>
    public bool IsWithin => _id is not null;

    /// <summary>Takes the next event of the log.</summary>
    /// <returns>The transaction that it ends; null for none.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: a change outside of a transaction, since the log is not read from the beginning of one; or the server lost events.</exception>
    public LoggedTransaction? Feed(StreamedEvent streamed)
    {
        BinaryLogEvent next = streamed.Event;
        if (!streamed.IsInFile)
        {
            return null;
        }

        if (next.Type is EventType.FormatDescription)
        {
            // A server that died while it wrote: what it had begun was rolled back when it came back.
            Reset();
        }
        else if (next.Type is EventType.Incident)
        {
            throw new AiShellException(
                ErrorKind.Integrity, $"The server could not write everything to its binary log (an incident event at {streamed.File}:{streamed.Start}).", "Make a new full backup: what was changed before that moment cannot be had from the log.");
        }
        else if (TransactionId.Begins(next.Type))
        {
            Begin(streamed);
        }
        else if (next.Type is EventType.Query or EventType.CompressedQuery or EventType.ExecuteLoadQuery)
        {
            return TakeStatement(streamed, LoggedStatement.Read(next));
        }
        else if (next.Type is EventType.Xid or EventType.XaPrepare)
        {
            RequireTransaction(streamed);
            bool committed = next.Type == EventType.Xid || new BodyReader(next).Byte() != 0; // XA COMMIT … ONE PHASE, on MySQL
            return End(streamed, committed ? XaPart.None : XaPart.Prepared);
        }
        else
        {
            TakeChange(streamed);
        }

        return null;
    }

    private void Begin(StreamedEvent streamed)
    {
        if (IsWithin)
        {
            throw LogDamage.Of($"a transaction begins within another one, at {streamed.File}:{streamed.Start}");
        }

        Reset();
        _id = TransactionId.Read(streamed.Event);
        _start = streamed.Start;
        _isOpen = _id is { IsMariaDb: true, IsStandalone: false };
        _hasDefinition = _id.IsDefinition;
    }

    private LoggedTransaction? TakeStatement(StreamedEvent streamed, LoggedStatement statement)
    {
        RequireTransaction(streamed);
        StatementKind kind = StatementKinds.Of(statement);
        switch (kind)
        {
            case StatementKind.Begin:
                _isOpen = true;
                return null;
            case StatementKind.Control:
                _xa = statement.Text.AsSpan().StartsWith("XA"u8) ? StatementKinds.XaName(statement) : _xa;
                return null;
            case StatementKind.XaEnd:
                if (_prepared.Remove(StatementKinds.XaName(statement), out HashSet<string>? databases))
                {
                    _databases.UnionWith(databases);
                }

                return End(streamed, XaPart.Completed);
            case StatementKind.End:
                return End(streamed, XaPart.None);
        }

        _isOpen |= kind == StatementKind.DefinitionWithRows;
        _hasDefinition |= kind is StatementKind.Definition or StatementKind.DefinitionWithRows;
        AddDatabase(statement.Database);
        if (kind == StatementKind.Change)
        {
            _inexact.Add(new InexactChange(streamed.Start, statement.Database, Encoding.UTF8.GetString(statement.Text.AsSpan(0, Math.Min(statement.Text.Length, MostOfText)))));
        }

        return _isOpen ? null : End(streamed, XaPart.None);
    }

    private void TakeChange(StreamedEvent streamed)
    {
        BinaryLogEvent next = streamed.Event;
        if (next.Type == EventType.TableMap)
        {
            RequireTransaction(streamed);
            AddDatabase(TableMap.Read(next).Database);
        }
        else if (next.Type.IsRows())
        {
            RequireTransaction(streamed);
        }
        else if (next.Type.IsOfStatement())
        {
            RequireTransaction(streamed);
            _inexact.Add(new InexactChange(streamed.Start, "", next.Type.ToString()));
        }
    }

    private LoggedTransaction End(StreamedEvent streamed, XaPart xa)
    {
        if (xa == XaPart.Prepared && _xa is not null)
        {
            _prepared[_xa] = [.. _databases];
        }

        LoggedTransaction transaction = new(
            _id!.Gtid, streamed.File, _start, streamed.End, streamed.Event.Second, _id.Microsecond, new HashSet<string>(_databases, StringComparer.Ordinal), _hasDefinition, [.. _inexact], xa);
        Reset();
        return transaction;
    }

    private void AddDatabase(string database)
    {
        if (database.Length > 0)
        {
            _databases.Add(database);
        }
    }

    private void RequireTransaction(StreamedEvent streamed)
    {
        if (!IsWithin)
        {
            throw LogDamage.Of($"a change at {streamed.File}:{streamed.Start} belongs to no transaction; either it is not read from the beginning of one, or an event before it is missing");
        }
    }

    private void Reset()
    {
        _id = null;
        _isOpen = false;
        _hasDefinition = false;
        _xa = null;
        _databases.Clear();
        _inexact.Clear();
    }
}
