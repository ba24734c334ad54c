using System.Globalization;
using System.Text;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Log;

/// <summary>A transaction that changes the wanted database.</summary>
/// <param name="Position">Right after it.</param>
internal sealed record SelectedTransaction(LoggedTransaction Transaction, BinaryLogPosition Position)
{
    /// <summary>Where it begins, or before.</summary>
    public BinaryLogPosition Before => new(Transaction.File, Transaction.Start.ToString(CultureInfo.InvariantCulture), "");
}

/// <summary>Picks from a server's log the whole transactions that change one database, and says where one cannot be replayed.</summary>
/// <param name="mark">Says which, and how the server compares names.</param>
internal sealed class DatabaseTransactions(LogMark mark, BinaryLogPosition from, string scratchDirectory) : IDisposable
{
    private const int MostOfText = 100;

    private readonly TableNameCase _case = mark.NameCase;

    private readonly TransactionCut _cut = new();
    private TransactionBuffer _buffer = new(scratchDirectory);
    private readonly GtidState? _gtids = GtidState.Parse(from.Gtids);
    private LogFileBirth? _birth = from.Birth;
    private bool _concerns;
    private string? _why;

    /// <summary>The end of the last whole transaction, of whatever database.</summary>
    public BinaryLogPosition Position { get; private set; } = from;

    /// <summary>What the events that come are like; empty before the first.</summary>
    public byte[] Description { get; private set; } = [];

    /// <summary>The events of the transaction that <see cref="Feed"/> gave last.</summary>
    public TransactionBuffer Events => _buffer;

    /// <summary>Takes the next event of the log.</summary>
    /// <returns>The transaction that it ends, where that changes the database.</returns>
    /// <exception cref="BrokenChainException">It changes the database in a way that cannot be replayed exactly.</exception>
    public SelectedTransaction? Feed(StreamedEvent streamed)
    {
        BinaryLogEvent next = streamed.Event;
        if (next.Type == EventType.FormatDescription)
        {
            Description = OwnEvent.Description(next.Bytes.Span, FormatDescription.ChecksumOf(next.Bytes.Span));
            _birth = _birth is null ? null : _birth with { Second = next.Second };
        }

        if (streamed.IsInFile && TransactionId.Begins(next.Type))
        {
            _buffer.Clear();
            _concerns = false;
            _why = null;
        }

        LoggedTransaction? transaction = _cut.Feed(streamed);
        if (streamed.IsInFile && (_cut.IsWithin || transaction is not null))
        {
            _buffer.Append(next.Bytes.Span);
            Look(next);
        }

        if (transaction is null)
        {
            Position = streamed.IsInFile && !_cut.IsWithin ? At(streamed, "") : Position;
            return null;
        }

        _gtids?.Add(transaction.Gtid);
        Position = At(streamed, transaction.Gtid);
        RequireReplayable(transaction);
        return _concerns ? new SelectedTransaction(transaction, Position) : null;
    }

    /// <summary>Gives <see cref="Events"/> away.</summary>
    public TransactionBuffer TakeEvents()
    {
        TransactionBuffer taken = _buffer;
        _buffer = new TransactionBuffer(scratchDirectory);
        return taken;
    }

    public void Dispose() => _buffer.Dispose();

    private BinaryLogPosition At(StreamedEvent streamed, string gtid) =>
        new(streamed.File, streamed.End.ToString(CultureInfo.InvariantCulture), _birth?.WithLast(gtid) ?? _gtids?.ToString() ?? "");

    private void Look(BinaryLogEvent next)
    {
        if (next.Type == EventType.TableMap)
        {
            _concerns |= IsOurs(TableMap.Read(next).Database);
        }
        else if (next.Type is EventType.Query or EventType.CompressedQuery or EventType.ExecuteLoadQuery)
        {
            Look(LoggedStatement.Read(next));
        }
        else if (next.Type is >= EventType.CompressedWriteRowsV1 and <= EventType.CompressedDeleteRows && _concerns)
        {
            _why ??= "its rows are compressed (log_bin_compress), which is not read here";
        }
    }

    private void Look(LoggedStatement statement)
    {
        StatementKind kind = StatementKinds.Of(statement);
        if (kind is StatementKind.Definition or StatementKind.DefinitionWithRows)
        {
            DefinedObjects? defined = DefinedObjects.Of(statement, _case);
            _concerns |= defined?.Concerns(mark.Database) ?? false;
            _why ??= defined?.BringsInto(mark.Database) == true ? $"it brings a table from another database into this one ({Beginning(statement)})" : null;
            _why ??= defined is null && MayConcern(statement) ? $"it is not known what a statement of it defines ({Beginning(statement)})" : null;
        }
        else if (kind == StatementKind.Change && (MayConcern(statement) || Calls(statement)))
        {
            _why ??= $"a change in it was written as its statement ({Beginning(statement)}), which need not do the same again; set binlog_format = ROW in the session that made it";
        }
    }

    private bool IsOurs(string database) => _case.IsSame(database, mark.Database);

    private bool MayConcern(LoggedStatement statement) => IsOurs(statement.Database) || DefinedObjects.IsNamed(statement, mark.Database, _case);

    /// <summary>What a routine does cannot be told from its call.</summary>
    private static bool Calls(LoggedStatement statement) =>
        StatementText.Words(Encoding.Latin1.GetString(statement.Text, 0, Math.Min(statement.Text.Length, MostOfText)), statement.BackslashEscapes).FirstOrDefault() is "SELECT" or "DO" or "CALL" or "EXECUTE";

    private void RequireReplayable(LoggedTransaction transaction)
    {
        if (transaction.Xa != XaPart.None && (_concerns || transaction.Databases.Any(IsOurs) || (transaction.Xa == XaPart.Completed && transaction.Databases.Count == 0)))
        {
            _why = "it is part of a distributed one (XA), whose parts are not put together here";
        }

        if (_why is { } why)
        {
            throw new BrokenChainException($"the transaction {(transaction.Gtid.Length > 0 ? transaction.Gtid + " " : "")}at {transaction.File}:{transaction.Start} cannot be replayed: {why}");
        }
    }

    private static string Beginning(LoggedStatement statement) => Encoding.UTF8.GetString(statement.Text, 0, Math.Min(statement.Text.Length, MostOfText));
}
