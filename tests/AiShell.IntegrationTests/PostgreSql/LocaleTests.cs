using AiShell.Engines;
using AiShell.IntegrationTests.PostgreSql.Connections;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.PostgreSql;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>A database comes back with the rules by which its text is ordered.</summary>
public sealed class LocaleTests : IDisposable
{
    private const string Rows = "CREATE TABLE t(x text PRIMARY KEY); INSERT INTO t VALUES ('z'), ('ä'), ('a'), ('b'), ('B'), ('oe'), ('ö'), ('of')";
    private const string Order = "SELECT string_agg(x, ' ' ORDER BY x) FROM t";

    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Theory]
    [InlineData(15, "LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'", "daticulocale")]
    [InlineData(16, "LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES '&a < z'", "daticurules")]
    [InlineData(17, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", "datlocale")]
    [InlineData(18, "LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES '&a < z'", "daticurules")]
    public async Task The_provider_and_its_locale_and_rules_are_kept(int major, string made, string column)
    {
        string? binaries = null;
        if (major > 15)
        {
            binaries = BundledPostgreSql.BinariesOf(major);
            _user.Set("AI_SHELL_PG_BIN", BundledPostgreSql.Clients);
        }

        await using PostgreSqlServer server = await PostgreSqlServer.StartVersionAsync(binaries);
        await server.RunAsync("postgres", $"CREATE DATABASE source TEMPLATE template0 {made}");
        await server.RunAsync("source", Rows);
        string properties = $"SELECT datlocprovider, datcollate, datctype, {column} FROM pg_database WHERE datname = current_database()";
        string order = await server.RunAsync("source", Order);
        await server.RunAsync("postgres", $"CREATE DATABASE usual TEMPLATE template0");
        MemoryBackup backup = await MemoryBackup.MakeAsync(
            _user.Engine, server.AddressOf("source"), new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, _user.UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));

        await backup.RestoreAsync(_user.Engine, server.AddressOf("copy"), new TargetOptions(TableFilter.Everything, false, false, 2, _user.UserFolder, TimeSpan.FromSeconds(5)));

        Assert.Equal(await server.RunAsync("source", properties), await server.RunAsync("copy", properties));
        Assert.NotEqual(await server.RunAsync("usual", properties), await server.RunAsync("copy", properties));
        Assert.Equal(order, await server.RunAsync("copy", Order));
    }
}
