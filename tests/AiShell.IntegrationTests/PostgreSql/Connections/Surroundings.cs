using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql.Connections;

public sealed class Surroundings() : UserSurroundings<PostgreSqlEngine>(environment => new PostgreSqlEngine(environment), "SELECT current_user")
{
    /// <summary>The whole database, schema and rows.</summary>
    public Task<MemoryBackup> BackUpAsync(string url) => MemoryBackup.MakeAsync(
        Engine,
        DatabaseUrl.Parse(url, this),
        new SnapshotOptions(BackupFormat.Sql, BackupScope.All, TableFilter.Everything, 2, UserFolder, 64 << 20, TimeSpan.FromSeconds(10)));
}
