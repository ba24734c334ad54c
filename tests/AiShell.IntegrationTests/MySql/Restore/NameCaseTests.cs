using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Servers that tell names of tables apart by case, and others that keep them in lower case (lower_case_table_names).</summary>
public sealed class NameCaseTests(NameCaseServers servers) : IClassFixture<NameCaseServers>
{
    private const string Shop =
        """
        CREATE TABLE Orders(id int PRIMARY KEY, Note varchar(20)); CREATE TABLE orderLines(id int PRIMARY KEY, `Order` int NOT NULL, FOREIGN KEY Belongs (`Order`) REFERENCES Orders(id));
        CREATE TABLE Audit(id int AUTO_INCREMENT PRIMARY KEY, what varchar(40)); CREATE SEQUENCE Numbers START WITH 7; CREATE TABLE Numbered(id int DEFAULT nextval(Numbers), x int);
        CREATE VIEW BigOrders AS SELECT o.id, l.id AS line FROM Orders o JOIN orderLines l ON l.`Order` = o.id; CREATE VIEW ABigger AS SELECT * FROM BigOrders;
        CREATE TRIGGER Upper BEFORE INSERT ON Orders FOR EACH ROW SET NEW.Note = upper(NEW.Note);
        INSERT INTO Orders VALUES(1, 'one'), (2, 'two'); INSERT INTO orderLines VALUES(10, 1), (11, 2); INSERT INTO Audit(what) VALUES('made'); INSERT INTO Numbered(x) VALUES(1);
        """;

    private readonly string _prefix = $"N{Guid.NewGuid().ToString("N")[..8]}_";
    private readonly MySqlEngine _engine = new();

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task A_database_goes_from_any_to_any_and_over_what_is_there(bool fromLower, bool toLower)
    {
        MariaDbServer to = servers.Of(toLower);
        MemoryBackup backup = await BackUpAsync(servers.Of(fromLower), Shop);
        string target = _prefix + "Target";
        await to.RunAsync("", $"CREATE DATABASE {target}; CREATE TABLE {target}.ORDERS(a int); CREATE TABLE {target}.Others(a int); CREATE VIEW {target}.Numbered AS SELECT 1; CREATE TRIGGER {target}.Old BEFORE INSERT ON {target}.ORDERS FOR EACH ROW SET NEW.a = 1");

        for (int round = 0; round < 2; round++)
        {
            Assert.Empty((await _engine.InspectTargetAsync(to.AddressOf(target), backup.Contents, Options(replace: true), default)).Obstacles);
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(_engine, to.AddressOf(target), Options(replace: true)));
            await RequireWholeAsync(to, target, lower: fromLower || toLower);
        }

        Assert.Equal(fromLower || toLower ? "abigger,audit,bigorders,numbered,numbers,orderlines,orders" : "ABigger,Audit,BigOrders,Numbered,Numbers,orderLines,Orders", await TablesAsync(to, target));
        Assert.Equal("", await to.RunAsync("", $"SHOW DATABASES LIKE '{_prefix}%ai\\_shell%'"));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task Tables_take_the_place_of_those_that_the_server_holds_for_the_same(bool fromLower, bool toLower)
    {
        MariaDbServer to = servers.Of(toLower);
        MemoryBackup backup = await BackUpAsync(servers.Of(fromLower), Shop);
        TableFilter orders = new([fromLower ? "orders" : "Orders"], []);
        string target = _prefix + "Target";
        await backup.RestoreAsync(_engine, to.AddressOf(target), Options());
        await to.RunAsync(target, $"INSERT INTO {Name("Orders")} VALUES(3, 'late'); INSERT INTO {Name("orderLines")} VALUES(12, 2)");

        TargetState state = await _engine.InspectTargetAsync(to.AddressOf(target), backup.Contents, Options(intoExisting: true, tables: orders), default);
        Assert.Empty(state.Obstacles);
        Assert.Contains(Name("Orders"), Assert.Single(state.Replaced), StringComparison.Ordinal);
        await EngineRefusesAsync(() => backup.RestoreAsync(_engine, to.AddressOf(target), Options(intoExisting: true, tables: orders)));
        await backup.RestoreAsync(_engine, to.AddressOf(target), Options(replace: true, intoExisting: true, tables: orders));

        Assert.Equal("1,2", await to.RunAsync(target, $"SELECT group_concat(id ORDER BY id) FROM {Name("Orders")}"));
        Assert.Equal("3", await to.RunAsync(target, $"SELECT count(*) FROM {Name("orderLines")}"));
        await RequireWholeAsync(to, target, lower: fromLower || toLower);

        string Name(string name) => fromLower || toLower ? name.ToLowerInvariant() : name;
    }

    [Fact]
    public async Task Rows_alone_find_their_tables_by_names_of_another_case()
    {
        MemoryBackup tables = await BackUpAsync(servers.Exact, Shop);
        MemoryBackup rows = await MemoryBackup.MakeAsync(_engine, servers.Exact.AddressOf(_prefix + "Source"), SnapshotOptionsOf(BackupScope.DataOnly));
        DatabaseAddress target = servers.Lower.AddressOf(_prefix + "Target");
        await tables.RestoreAsync(_engine, target, Options());
        await servers.Lower.RunAsync(target.Database, "INSERT INTO orders VALUES(3, 'late')");

        Assert.Empty((await _engine.InspectTargetAsync(target, rows.Contents, Options(intoExisting: true), default)).Obstacles);
        await rows.RestoreAsync(_engine, target, Options(replace: true, intoExisting: true));

        Assert.Equal("1,2", await servers.Lower.RunAsync(target.Database, "SELECT group_concat(id ORDER BY id) FROM orders"));
        await RequireWholeAsync(servers.Lower, target.Database, lower: true);
    }

    [Theory]
    [InlineData("CREATE TABLE Twin(a int); CREATE TABLE twin(b int)", "'Twin' and 'twin'")]
    [InlineData("CREATE TABLE Ärger(a int); CREATE TABLE ärger(b int)", "'Ärger' and 'ärger'")]
    public async Task Tables_that_differ_in_case_alone_are_refused_before_anything_is_done(string script, string told)
    {
        MemoryBackup backup = await BackUpAsync(servers.Exact, script);
        DatabaseAddress target = servers.Lower.AddressOf(_prefix + "Target");
        await servers.Lower.RunAsync("", $"CREATE DATABASE {target.Database}; CREATE TABLE {target.Database}.old(a int)");
        string before = await servers.Lower.RunAsync("", "SHOW DATABASES");

        AiShellException obstacle = Assert.Single((await _engine.InspectTargetAsync(target, backup.Contents, Options(replace: true), default)).Obstacles);
        Assert.Equal(ErrorKind.Failed, obstacle.Kind);
        Assert.Contains(told, obstacle.Message, StringComparison.Ordinal);
        Assert.Contains("--tables", obstacle.Hint, StringComparison.Ordinal);
        await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, target, Options(replace: true))); // even one that nobody has looked at
        Assert.Equal(before, await servers.Lower.RunAsync("", "SHOW DATABASES"));
        Assert.Equal("old", await TablesAsync(servers.Lower, target.Database));

        // One of them is no clash, and neither are both where names keep their case.
        TableFilter one = new([backup.Contents.Tables[0].Table.Name], []);
        Assert.Empty((await _engine.InspectTargetAsync(target, backup.Contents, Options(replace: true, tables: one), default)).Obstacles);
        await backup.RestoreAsync(_engine, servers.Lower.AddressOf(_prefix + "One"), Options(tables: one));
        await backup.RestoreAsync(_engine, servers.Exact.AddressOf(_prefix + "Both"), Options());
    }

    [Fact]
    public async Task A_view_and_a_table_that_differ_in_case_alone_are_refused_before_anything_is_done()
    {
        MemoryBackup backup = await BackUpAsync(servers.Exact, "CREATE TABLE Twin(a int); CREATE VIEW twin AS SELECT 1 AS x");
        DatabaseAddress target = servers.Lower.AddressOf(_prefix + "Target");
        await servers.Lower.RunAsync("", $"CREATE DATABASE {target.Database}; CREATE TABLE {target.Database}.old(a int)");

        AiShellException obstacle = Assert.Single((await _engine.InspectTargetAsync(target, backup.Contents, Options(replace: true), default)).Obstacles);
        Assert.Contains("'Twin' and 'twin'", obstacle.Message, StringComparison.Ordinal);
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(_engine, target, Options(replace: true))); // even one that nobody has looked at

        Assert.Contains("twin", failure.Message, StringComparison.Ordinal);
        Assert.Equal("old", await TablesAsync(servers.Lower, target.Database));
        Assert.Equal("", await servers.Lower.RunAsync("", $"SHOW DATABASES LIKE '{_prefix}%ai\\_shell%'"));

        // The table alone is none, the view alone neither, and both go where names keep their case.
        TableFilter table = new(["Twin"], []);
        await servers.Lower.RunAsync("", $"DROP DATABASE {target.Database}; CREATE DATABASE {target.Database}");
        Assert.Empty((await _engine.InspectTargetAsync(target, backup.Contents, Options(intoExisting: true, tables: table), default)).Obstacles);
        await backup.RestoreAsync(_engine, target, Options(intoExisting: true, tables: table));
        await backup.RestoreAsync(_engine, servers.Lower.AddressOf(_prefix + "View"), Options(tables: new([], ["Twin"])));
        Assert.Empty((await _engine.InspectTargetAsync(servers.Exact.AddressOf(_prefix + "Both"), backup.Contents, Options(), default)).Obstacles);
        await backup.RestoreAsync(_engine, servers.Exact.AddressOf(_prefix + "Both"), Options());
    }

    private static async Task RequireWholeAsync(MariaDbServer server, string target, bool lower)
    {
        Assert.Equal("1\t10\n2\t11", await server.RunAsync(target, $"SELECT * FROM {Name("ABigger")} WHERE line < 12 ORDER BY id"));
        await server.RunAsync(target, $"INSERT INTO {Name("Orders")} VALUES(50, 'q')");
        Assert.Equal("Q", await server.RunAsync(target, $"SELECT Note FROM {Name("Orders")} WHERE id = 50"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.RunAsync(target, $"INSERT INTO {Name("orderLines")} VALUES(99, 999)"));
        await server.RunAsync(target, $"DELETE FROM {Name("Orders")} WHERE id = 50; INSERT INTO {Name("Numbered")}(x) VALUES(2); DELETE FROM {Name("Numbered")} WHERE x = 2");

        string Name(string name) => lower ? name.ToLowerInvariant() : name;
    }

    private static async Task EngineRefusesAsync(Func<Task> work) => Assert.Equal(ErrorKind.Refused, (await Assert.ThrowsAsync<AiShellException>(work)).Kind);

    private static async Task<string> TablesAsync(MariaDbServer server, string database) =>
        await server.RunAsync("", $"SELECT IFNULL(group_concat(TABLE_NAME ORDER BY lower(TABLE_NAME)), '') FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{database}'");

    private static TargetOptions Options(bool replace = false, bool intoExisting = false, TableFilter? tables = null) =>
        new(tables ?? TableFilter.Everything, intoExisting, replace, 2, Path.GetTempPath(), TimeSpan.FromSeconds(5));

    private static SnapshotOptions SnapshotOptionsOf(BackupScope scope) => new(BackupFormat.Sql, scope, TableFilter.Everything, 2, Path.GetTempPath(), 1 << 20, TimeSpan.FromSeconds(5));

    private async Task<MemoryBackup> BackUpAsync(MariaDbServer server, string script)
    {
        DatabaseAddress source = server.AddressOf(_prefix + "Source");
        await server.RunAsync("", $"CREATE DATABASE {source.Database}");
        await server.RunAsync(source.Database, script);
        return await MemoryBackup.MakeAsync(_engine, source, SnapshotOptionsOf(BackupScope.All));
    }
}

/// <summary>Two servers for all tests of the class.</summary>
public sealed class NameCaseServers : IAsyncLifetime
{
    /// <summary>lower_case_table_names=0.</summary>
    public MariaDbServer Exact { get; private set; } = null!;

    /// <summary>lower_case_table_names=1.</summary>
    public MariaDbServer Lower { get; private set; } = null!;

    public MariaDbServer Of(bool lower) => lower ? Lower : Exact;

    public async Task InitializeAsync()
    {
        Exact = await MariaDbServer.StartAsync();
        Lower = await MariaDbServer.StartAsync("lower-case-table-names=1");
    }

    public async Task DisposeAsync()
    {
        await Lower.DisposeAsync();
        await Exact.DisposeAsync();
    }
}
