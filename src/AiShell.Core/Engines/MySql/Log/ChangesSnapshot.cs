using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>An increment: the transactions of a database between two places in its server's log, fetched when they are written.</summary>
internal sealed class ChangesSnapshot(ConnectionSettings settings, LogSource source, BinaryLogPosition from, string scratchDirectory) : ISnapshot
{
    public string EngineVersion => source.ServerVersion;

    public LogPosition Position => source.End.ToLogPosition();

    /// <summary>Runs when everything was written.</summary>
    public Func<ValueTask>? Written { get; init; }

    public IReadOnlyList<SnapshotStep> Steps { get; } = [new SnapshotStep(0, PartPhase.Data, "changes", LogPartWriter.Extension, Table: null, Estimate(from, source.End))];

    /// <summary>None: to read all rows would cost what the increment saves.</summary>
    public IReadOnlyList<TableName> Tables => [];

    public IReadOnlyDictionary<string, int> Objects { get; } = new Dictionary<string, int> { ["tables"] = source.Tables };

    public IReadOnlyList<string> Warnings => source.Remarks;

    public long EstimatedBytes => Steps[0].EstimatedBytes;

    /// <exception cref="BrokenChainException">The log does not go on where the chain ends.</exception>
    public static async Task<ISnapshot> OpenAsync(
        ConnectionSettings settings, ChainSoFar chain, LogSource source, SnapshotOptions options, Func<ValueTask>? written, CancellationToken cancellationToken)
    {
        await RequireSameCaseAsync(chain, source, cancellationToken);
        BinaryLogPosition from = BinaryLogPosition.Of(chain.End) ?? throw new BrokenChainException($"the last backup has no position in a binary log ('{chain.End}')");
        await LogSource.RequireAsync(settings, from, cancellationToken);
        return new ChangesSnapshot(settings, source, from, options.ScratchDirectory) { Written = written };
    }

    /// <summary>The base decides how the server is made on which the log is done again.</summary>
    private static async Task RequireSameCaseAsync(ChainSoFar chain, LogSource source, CancellationToken cancellationToken)
    {
        if (source.Mark.LowerCaseTableNames == 0)
        {
            return; // so that the base need not be looked into; what was otherwise then, the replay refuses
        }

        int known = 0;
        BackupPart first = chain.Links[0].Parts.First(part => part.Phase == PartPhase.PreData);
        await chain.Read(
            0,
            first,
            plain =>
            {
                known = PartLoading.ReadEntries(first, plain).FirstOrDefault() is { Header.Kind: DatabaseEntry.Kind } entry ? DatabaseEntry.Parse(entry.Sql).LowerCaseTableNames : 0;
                return Task.CompletedTask;
            },
            cancellationToken);
        if (known != source.Mark.LowerCaseTableNames)
        {
            throw new BrokenChainException($"the full backup does not say that the server compares names without case (lower_case_table_names = {source.Mark.LowerCaseTableNames})");
        }
    }

    public async Task<IReadOnlyList<TableDigest>> WriteAsync(SnapshotStep step, IPartSink sink, CancellationToken cancellationToken)
    {
        using MySqlSession session = await Server.OpenMeanwhileAsync(settings, "the binary log", cancellationToken);
        try
        {
            await ServerErrors.RunAsync(session, "the binary log", open => Write(open, sink, cancellationToken), cancellationToken);
        }
        catch (AiShellException failure) when (LogSource.Explain(failure) is { } reason)
        {
            throw reason;
        }

        await (Written?.Invoke() ?? ValueTask.CompletedTask);
        return [];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Write(MySqlSession session, IPartSink sink, CancellationToken cancellationToken)
    {
        var stream = BinaryLogStream.Open(session, new StreamRequest(from, Follows: false));
        using DatabaseTransactions transactions = new(source.Mark, from, scratchDirectory);
        BinaryLogPosition written = from;
        LogPartWriter? part = null;
        while (BinaryLogPosition.Compare(stream.Position, source.End) is < 0 && stream.Read(out StreamedEvent next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (transactions.Feed(next) is not { } selected)
            {
                continue;
            }

            part ??= new LogPartWriter(sink.Stream, source.Mark, written, transactions.Description);
            part.Add(selected, transactions.Events, transactions.Description);
            written = selected.Position;
            if (sink.IsFull)
            {
                EndPart(part, written);
                part = null;
            }
        }

        if (written.ToLogPosition() != source.End.ToLogPosition())
        {
            // Also where nothing happened to this database: it says how far that was looked at.
            EndPart(part ?? new LogPartWriter(sink.Stream, source.Mark, written, transactions.Description is { Length: > 0 } known ? known : throw LogDamage.Of("it has no description of its format")), source.End);
        }
        else if (part is not null)
        {
            EndPart(part, source.End);
        }

        void EndPart(LogPartWriter ended, BinaryLogPosition to)
        {
            ended.End(to);
            sink.EndPartAsync(0, cancellationToken).AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>What other databases changed is in it too.</summary>
    private static long Estimate(BinaryLogPosition from, BinaryLogPosition to) => from.File == to.File ? Math.Max(0, to.OffsetValue - from.OffsetValue) : to.OffsetValue;
}
