using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>
/// What the contract suites share. An engine joins with one subclass of each: <see cref="EngineContract"/>,
/// <see cref="EngineRestoreContract"/>, <see cref="EngineSelectionContract"/> and, where it has a log, <see cref="EngineIncrementContract"/>.
/// </summary>
public abstract class EngineSuite : IAsyncLifetime
{
    /// <summary>Small, so that every table has several parts.</summary>
    protected const long PartBytes = 4096;

    protected IEngineFixture Fixture { get; private set; } = null!;

    protected IDatabaseEngine Engine => Fixture.Engine;

    protected abstract IEngineFixture CreateFixture();

    public Task InitializeAsync()
    {
        Fixture = CreateFixture();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Fixture.DisposeAsync();

    protected SnapshotOptions Options(
        BackupFormat format, BackupScope scope = BackupScope.All, TableFilter? tables = null, int workers = 3) =>
        new(format, scope, tables ?? TableFilter.Everything, workers, Fixture.ScratchDirectory, PartBytes, TimeSpan.FromSeconds(5));

    protected TargetOptions Target(bool replace = false, bool intoExisting = false, TableFilter? tables = null) =>
        new(tables ?? TableFilter.Everything, intoExisting, replace, 2, Fixture.ScratchDirectory, TimeSpan.FromSeconds(2));

    protected static async Task<AiShellException> FailsAsync(ErrorKind kind, Func<Task> work)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(work);
        Assert.True(kind == failure.Kind, $"Expected {kind}, got {failure.Kind}: {failure.Message}");
        return failure;
    }

    protected async Task<MemoryBackup> BackUpAsync(DatabaseAddress address, BackupFormat format) =>
        await MemoryBackup.MakeAsync(Engine, address, Options(format));
}
