using System.Text;
using AiShell.Engines.MySql.Log;

namespace AiShell.Tests.Engines.MySql.Log;

/// <summary>MySQL's transactions, in which the first statement says how far they go. MariaDB's are tested with a server.</summary>
public sealed class TransactionCutTests
{
    private readonly TransactionCut _cut = new();
    private long _at = 4;

    private LoggedTransaction? Feed(EventType type, byte[] body)
    {
        BinaryLogEvent next = BinaryLogEvent.Read(RecordedEvents.Make(type, body), LogChecksum.Crc32);
        long start = _at;
        _at += next.Length;
        return _cut.Feed(new StreamedEvent(next, "b.1", start, _at));
    }

    private LoggedTransaction? Gtid(long number = 1) => Feed(EventType.Gtid, RecordedEvents.MySqlGtid(number, 1_700_000_000_123_456, null));

    private LoggedTransaction? Run(string database, string text) => Feed(EventType.Query, RecordedEvents.Statement(database, text));

    private void Rows(string database, string table = "t")
    {
        Assert.Null(Feed(EventType.TableMap, RecordedEvents.Table(database, table)));
        Assert.Null(Feed(EventType.WriteRows, new byte[20]));
    }

    [Fact]
    public void Rows_go_from_BEGIN_to_Xid()
    {
        Assert.Null(Gtid(42));
        Assert.Null(Run("default", "BEGIN"));
        Rows("a");
        Rows("b");
        Assert.True(_cut.IsWithin);
        LoggedTransaction transaction = Feed(EventType.Xid, new byte[8])!;

        Assert.False(_cut.IsWithin);
        Assert.Equal((4, _at, 1_700_000_000_123_456, 1_700_000_000u), (transaction.Start, transaction.End, transaction.Microsecond, transaction.Second));
        Assert.EndsWith(":42", transaction.Gtid, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], transaction.Databases.Order(StringComparer.Ordinal));
        Assert.Empty(transaction.Inexact);
        Assert.False(transaction.HasDefinition);
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("ROLLBACK")]
    public void Or_to_a_statement(string end)
    {
        Gtid();
        Run("", "BEGIN");
        Rows("a");
        Assert.Null(Run("a", "SAVEPOINT `s`"));
        Assert.Null(Run("a", "ROLLBACK TO `s`"));
        Assert.Equal(["a"], Run("x", end)!.Databases);
    }

    [Theory]
    [InlineData("CREATE TABLE `u` (\n  `a` int\n) START TRANSACTION")]
    [InlineData("CREATE TABLE `u` (\n  `a` int\n) START TRANSACTION COMMENT='3'\n/*!50100 PARTITION BY HASH (`a`) */")]
    public void A_definition_is_one_statement_and_one_with_rows_goes_on(string withRows)
    {
        Gtid();
        LoggedTransaction alter = Run("shop", "ALTER TABLE t ADD c int")!;
        Assert.True(alter.HasDefinition);
        Assert.Equal(["shop"], alter.Databases);

        Gtid();
        Assert.Null(Run("shop", withRows));
        Rows("shop", "u");
        LoggedTransaction created = Feed(EventType.Xid, new byte[8])!;
        Assert.True(created.HasDefinition);
        Assert.Empty(created.Inexact);
    }

    [Fact]
    public void Distributed_transactions_come_in_two_parts()
    {
        Gtid();
        Assert.Null(Run("a", "XA START X'7831',X'',1"));
        Rows("a");
        Assert.Null(Run("a", "XA END X'7831',X'',1"));
        LoggedTransaction prepared = Feed(EventType.XaPrepare, [0, 1, 0, 0, 0])!;
        Gtid();
        LoggedTransaction completed = Run("other", "XA COMMIT X'7831',X'',1")!;
        Gtid();
        LoggedTransaction unseen = Run("other", "XA ROLLBACK X'99',X'',1")!;

        Assert.Equal([XaPart.Prepared, XaPart.Completed, XaPart.Completed], [prepared.Xa, completed.Xa, unseen.Xa]);
        Assert.Equal(["a"], completed.Databases);
        Assert.Empty(unseen.Databases);

        Gtid();
        Run("a", "XA START X'7832',X'',1");
        Rows("a");
        Run("a", "XA END X'7832',X'',1");
        Assert.Equal(XaPart.None, Feed(EventType.XaPrepare, [1, 1, 0, 0, 0])!.Xa);
    }

    [Fact]
    public void Statements_that_change_rows_are_told()
    {
        Gtid();
        Run("a", "BEGIN");
        long at = _at;
        Run("a", "INSERT INTO t VALUES (uuid())");
        InexactChange change = Assert.Single(Feed(EventType.Xid, new byte[8])!.Inexact);
        Assert.Equal(new InexactChange(at, "a", "INSERT INTO t VALUES (uuid())"), change);
    }

    [Fact]
    public void A_change_without_a_transaction_is_an_error_and_so_is_a_loss_of_the_servers()
    {
        foreach (EventType type in new[] { EventType.Query, EventType.TableMap, EventType.WriteRows, EventType.Xid, EventType.RandomSeed, EventType.Incident })
        {
            byte[] body = type == EventType.Query ? RecordedEvents.Statement("a", "COMMIT") : RecordedEvents.Table("a", "b");
            Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(() => Feed(type, body)).Kind);
        }

        Gtid();
        Assert.Equal(ErrorKind.Integrity, Assert.Throws<AiShellException>(() => Gtid()).Kind);
    }

    [Theory]
    [InlineData("begin", StatementKind.Begin)]
    [InlineData("  CREATE TABLE t(id int COMMENT 'SELECT')", StatementKind.Definition)]
    [InlineData("create or replace table t as select 1", StatementKind.Change)]
    [InlineData("CREATE OR REPLACE VIEW v AS SELECT 1", StatementKind.Definition)]
    [InlineData("CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`b` VIEW v AS SELECT 1", StatementKind.Definition)]
    [InlineData("/*!40000 ALTER TABLE t DISABLE KEYS */", StatementKind.Definition)]
    [InlineData("/*M!100100 ALTER TABLE t DISABLE KEYS */", StatementKind.Definition)]
    [InlineData("/* a */ -- b\n # c\nDROP TABLE t", StatementKind.Definition)]
    [InlineData("SET PASSWORD FOR a = 'x'", StatementKind.Definition)]
    [InlineData("SET STATEMENT a = 1 FOR ALTER TABLE t ENGINE = InnoDB", StatementKind.Definition)]
    [InlineData("SET STATEMENT a = 1 FOR UPDATE t SET a = 1", StatementKind.Change)]
    [InlineData("WITH c AS (SELECT 1) DELETE FROM t", StatementKind.Change)]
    [InlineData("(SELECT changing())", StatementKind.Change)]
    [InlineData("CALL doing()", StatementKind.Change)]
    [InlineData("SOMETHING NEW", StatementKind.Change)]
    [InlineData("", StatementKind.Change)]
    [InlineData("ROLLBACK TO SAVEPOINT s", StatementKind.Control)]
    [InlineData("COMMIT", StatementKind.End)]
    [InlineData("XA COMMIT X'31',X'',1", StatementKind.XaEnd)]
    internal void Statements_are_told_apart_by_their_words(string text, StatementKind kind) =>
        Assert.Equal(kind, StatementKinds.Of(new LoggedStatement("", 0, true, Encoding.UTF8.GetBytes(text))));
}
