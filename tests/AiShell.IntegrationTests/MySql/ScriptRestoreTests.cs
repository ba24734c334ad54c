using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql;

/// <summary>What whoever lost this program has: the plain parts, one after the other, and the stock client.</summary>
public sealed class ScriptRestoreTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    [Fact]
    public async Task The_stock_client_restores_everything_from_the_parts_under_another_name()
    {
        DatabaseAddress source = await CreateAsync(RichSchema.Script);

        MemoryBackup backup = await BackUpAsync(source);
        string copy = await RestoreByClientAsync(backup);

        Assert.Equal(await DumpAsync(source.Database), await DumpAsync(copy));
        Assert.DoesNotContain(source.Database, Encoding.UTF8.GetString(backup.Plain), StringComparison.Ordinal);
        Assert.Equal(await ChecksumsAsync(source.Database), await ChecksumsAsync(copy));
    }
}
