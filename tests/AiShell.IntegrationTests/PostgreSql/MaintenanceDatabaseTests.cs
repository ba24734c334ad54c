using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>The database that others are made from, as a restore's target, and where it is not there.</summary>
public sealed class MaintenanceDatabaseTests() : PostgreSqlRestoreSuite(null)
{
    [Fact]
    public async Task The_database_postgres_is_filled_and_replaced_like_any_other()
    {
        DatabaseAddress source = await CreateAsync("source", "CREATE TABLE t(x int); INSERT INTO t VALUES (1), (2)");
        MemoryBackup backup = await BackUpAsync(source);
        DatabaseAddress target = Server.AddressOf("postgres");

        Assert.Empty((await Engine.InspectTargetAsync(target, backup.Contents, Options(), default)).Obstacles);
        await backup.RestoreAsync(Engine, target, Options());
        Assert.Equal("2", await Server.RunAsync("postgres", "SELECT count(*) FROM t"));

        await Server.RunAsync("postgres", "CREATE TABLE other(x int); DELETE FROM t");
        await FailsAsync(ErrorKind.Refused, () => backup.RestoreAsync(Engine, target, Options()));
        await backup.RestoreAsync(Engine, target, Options(replace: true));
        Assert.Equal(await ContentAsync(source), await ContentAsync(target));
        Assert.Equal("", await Server.RunAsync("postgres", "SELECT datname FROM pg_database WHERE datname LIKE '%ai\\_shell%'"));
    }

    [Theory]
    [InlineData("ALTER DATABASE postgres RENAME TO away", "ALTER DATABASE away RENAME TO postgres")]
    [InlineData("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", "GRANT CONNECT ON DATABASE postgres TO PUBLIC")]
    public async Task Where_it_is_missing_or_closed_a_restore_works_all_the_same(string before, string after)
    {
        string role = $"maker_{Guid.NewGuid():N}";
        await Server.RunAsync("postgres", $"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'made'");
        MemoryBackup backup = await BackUpAsync(await CreateAsync("source", "CREATE TABLE t(x int); INSERT INTO t VALUES (1), (2)"));
        DatabaseAddress target = Fixture.AddressOf("copy") with { UserName = role, Password = "made" };
        await Server.RunAsync("template1", before);
        try
        {
            TargetOptions options = Options() with { KeepOwners = false };
            Assert.Empty((await Engine.InspectTargetAsync(target, backup.Contents, options, default)).Obstacles);
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, target, options));
            Assert.Equal(backup.Contents.Tables, await backup.RestoreAsync(Engine, target, options with { Replace = true }));
        }
        finally
        {
            await Server.RunAsync("template1", after);
        }
    }
}
