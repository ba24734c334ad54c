using AiShell.Storage;
using AiShell.Storage.Local;
using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.Storage;

public sealed class LocalStoreContractTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override IObjectStore Open() => new LocalStore(_folder["parent/root"]);
}

/// <summary>As on a file system without hard links.</summary>
public sealed class LocalStoreWithoutHardLinksContractTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override IObjectStore Open() => new LocalStore(_folder["root"]) { UseHardLinks = false };
}

public sealed class RetryingStoreContractTests : ObjectStoreContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FaultyStore _faulty;

    public RetryingStoreContractTests() =>
        _faulty = new FaultyStore(new LocalStore(_folder["root"])) { Remote = true }
            .FailEvery(StoreCall.Create, 7)
            .FailEvery(StoreCall.Commit, 5)
            .FailEvery(StoreCall.Open, 7)
            .FailEvery(StoreCall.Read, 11)
            .FailEvery(StoreCall.Write, 1999)
            .FailEvery(StoreCall.Stat, 7)
            .Fail(StoreCall.List, 1)
            .Fail(StoreCall.List, 3)
            .Fail(StoreCall.List, 900)
            .FailEvery(StoreCall.Delete, 3)
            .FailEvery(StoreCall.FreeBytes, 2)
            .FailEvery(StoreCall.Collect, 2);

    public void Dispose() => _folder.Dispose();

    protected override bool MayRefuseTheRestOfAReplacedObject => true;

    protected override IObjectStore Open() =>
        new RetryingStore(_faulty, _folder["scratch"], TimeProvider.System, attempts: 12, firstDelay: TimeSpan.FromMilliseconds(1));
}
