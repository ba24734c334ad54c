using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.IntegrationTests.MySql.Restore;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>Logs of a server that keeps names of tables in lower case (lower_case_table_names = 1): statements name them in any.</summary>
public sealed class LowerCaseLogTests(NameCaseServers servers) : IClassFixture<NameCaseServers>, IAsyncLifetime
{
    private const string Tables =
        """
        SET GLOBAL log_bin_trust_function_creators = 1; CREATE DATABASE Shop; CREATE DATABASE Other;
        CREATE TABLE Other.X(i int PRIMARY KEY, v text); CREATE TABLE Other.Gone(i int); CREATE TABLE Shop.Gone(i int);
        CREATE TABLE Shop.Orders(Id int PRIMARY KEY, Note varchar(40)); INSERT INTO Shop.Orders VALUES (1, 'one');
        CREATE TABLE Shop.Details(Id int PRIMARY KEY, O int, FOREIGN KEY Belongs (O) REFERENCES Orders(Id)); CREATE SEQUENCE Shop.Numbers;
        CREATE TABLE Shop.Leaves(i int); INSERT INTO Shop.Leaves VALUES (1);
        """;

    private readonly string _scratch = FastFolder.Create("ai-shell-my-scratch-");
    private readonly MySqlEngine _engine = new();

    private MariaDbServer Server => servers.Lower;

    private SnapshotOptions Options => new(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _scratch, 64 * 1024, TimeSpan.FromSeconds(10));

    private TargetOptions Replacing => new(TableFilter.Everything, false, true, 2, _scratch, TimeSpan.FromSeconds(10));

    public async Task InitializeAsync() => await Server.RunAsync("", Tables);

    public async Task DisposeAsync()
    {
        Directory.Delete(_scratch, recursive: true);
        foreach (MariaDbServer server in new[] { servers.Lower, servers.Exact })
        {
            await server.RunAsync("", "DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS other; DROP DATABASE IF EXISTS copy");
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_statements_name_in_any_case_is_done_again(bool onOwnServer, bool toLower)
    {
        MemoryChain chain = await ChainAsync(
            $"""
            USE SHOP; INSERT INTO ORDERS VALUES (2, 'two'); ALTER TABLE oRDERS ADD q int DEFAULT 5; UPDATE Orders SET q = Id; INSERT INTO DETAILS VALUES (10, 2);
            RENAME TABLE Orders TO Renamed, rENAMED TO ORDERS; CREATE TABLE CopyOf LIKE ORDERS; INSERT INTO copyof SELECT * FROM Orders; TRUNCATE TABLE COPYOF; INSERT INTO CopyOf VALUES (7, 'x', 7);
            CREATE VIEW BigOrders AS SELECT Id, Note FROM ORDERS WHERE Id > 1; CREATE OR REPLACE VIEW bigORDERS AS SELECT Id, Note, q FROM oRDERS;
            CREATE TRIGGER Upper BEFORE INSERT ON oRDERS FOR EACH ROW SET NEW.Note = upper(NEW.Note); INSERT INTO Orders(Id, Note) VALUES (3, 'three');
            CREATE INDEX ByNote ON ORDERS(Note); DROP INDEX ByNote ON Orders; SELECT nextval(NUMBERS); ALTER SEQUENCE numbers MAXVALUE 1000;
            DROP TABLE GONE, OTHER.GONE; CREATE TABLE Temp1(i int); ALTER TABLE TEMP1 RENAME TO Temp2, ADD j int; INSERT INTO temp2 VALUES (1, 2);
            RENAME TABLE LEAVES TO Other.Left_; UPDATE OTHER.LEFT_ SET i = 2; BEGIN; INSERT INTO Other.X VALUES (1, 'with'); INSERT INTO Details VALUES (11, 1); COMMIT;
            USE OTHER; INSERT INTO SHOP.DETAILS VALUES (12, 1); CREATE TABLE Details(i int); ALTER TABLE DETAILS ADD b int; DROP TABLE details;
            {(onOwnServer ? "ALTER TABLE Shop.ORDERS ADD r int DEFAULT 1; CREATE TABLE SHOP.FromOther(i int); INSERT INTO shop.fromother VALUES (3); DROP TABLE Shop.TEMP2, Other.LEFT_; USE Shop; ALTER DATABASE SHOP CHARACTER SET latin1;" : "")}
            """);

        MariaDbServer target = servers.Of(toLower);
        string live = await Server.DumpAsync("shop");
        await chain.RestoreAsync(onOwnServer ? _engine : LimitedReplaySuite.WithoutPrograms, target.AddressOf("copy"), Replacing);

        Assert.Equal(live, await Server.DumpAsync("shop"));
        Assert.Equal(Lines(live), Lines((await target.DumpAsync("copy")).Replace("`copy`", "`shop`", StringComparison.Ordinal)));
        Assert.Equal("copy", await target.RunAsync("", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%ai_shell%' OR SCHEMA_NAME = 'copy' UNION ALL SELECT User FROM mysql.user WHERE User LIKE 'ai\\_shell%'"));
    }

    [Theory]
    [InlineData("RENAME TABLE Other.X TO SHOP.X")]
    [InlineData("USE Other; ALTER TABLE X RENAME SHOP.X")]
    [InlineData("USE Other; SET binlog_format = STATEMENT; UPDATE SHOP.Orders SET Note = uuid()")]
    [InlineData("XA START 'a'; INSERT INTO SHOP.Orders VALUES (9, 'xa'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'")]
    public async Task What_cannot_be_replayed_is_seen_in_any_case(string script) => await Assert.ThrowsAsync<BrokenChainException>(() => ChainAsync(script));

    [Theory]
    [InlineData("ALTER TABLE Shop.ORDERS ADD q int")]
    [InlineData("USE Other; CREATE TABLE SHOP.K(i int)")]
    [InlineData("CREATE VIEW W AS SELECT * FROM OTHER.x")]
    public async Task What_reaches_out_of_the_copy_ends_the_restore_and_changes_nothing(string script)
    {
        MemoryChain chain = await ChainAsync($"USE Shop; {script}");
        string live = await Server.DumpAsync("shop") + await Server.DumpAsync("other");

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(LimitedReplaySuite.WithoutPrograms, Server.AddressOf("copy"), Replacing));

        Assert.True(failure.Kind == ErrorKind.Refused, failure.Message);
        Assert.Equal(live, await Server.DumpAsync("shop") + await Server.DumpAsync("other"));
        Assert.Equal("", await Server.RunAsync("", "SHOW DATABASES LIKE 'copy%'"));
    }

    [Fact]
    public async Task A_base_that_says_nothing_of_it_is_followed_by_no_log()
    {
        await servers.Exact.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.Orders(id int PRIMARY KEY)");
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, servers.Exact.AddressOf("shop"), Options);
        BrokenChainException broken = await Assert.ThrowsAsync<BrokenChainException>(() => chain.ContinueAsync(_engine, Server.AddressOf("Shop"), Options));
        Assert.Contains("lower_case_table_names = 1", broken.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_compares_names_otherwise_replays_no_log(bool fromLower)
    {
        MariaDbServer source = servers.Of(fromLower);
        MariaDbServer target = servers.Of(!fromLower);
        await servers.Exact.RunAsync("", "CREATE DATABASE shop; CREATE TABLE shop.Orders(id int PRIMARY KEY)");
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, source.AddressOf("shop"), Options);
        await source.RunAsync("shop", $"CREATE TABLE Twin(i int); {(fromLower ? "" : "CREATE TABLE twin(i int)")}");
        chain = await chain.ContinueAsync(_engine, source.AddressOf("shop"), Options);

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => chain.RestoreAsync(LimitedReplaySuite.WithoutPrograms, target.AddressOf("copy"), Replacing));

        Assert.Contains("lower_case_table_names", failure.Message, StringComparison.Ordinal);
        Assert.Contains("mariadb-server", failure.Hint, StringComparison.Ordinal);
        Assert.Equal("", await target.RunAsync("", "SHOW DATABASES LIKE 'copy%'"));
        TargetState state = await LimitedReplaySuite.WithoutPrograms.InspectTargetAsync(target.AddressOf("copy"), chain.Contents, Replacing, default);
        Assert.Equal(!fromLower, state.Warnings.Any(warning => warning.Contains("lower_case_table_names", StringComparison.Ordinal)));
    }

    private async Task<MemoryChain> ChainAsync(string script)
    {
        MemoryChain chain = await MemoryChain.BeginAsync(_engine, Server.AddressOf("Shop"), Options);
        await Server.RunAsync("", script);
        return await chain.ContinueAsync(_engine, Server.AddressOf("SHOP"), Options);
    }

    /// <summary>A trigger is restored on its table's name as the server keeps it, whatever its statement said.</summary>
    private static string[] Lines(string dump) => dump.Replace("`", "", StringComparison.Ordinal).ToLowerInvariant().Split('\n');
}
