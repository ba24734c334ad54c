using AiShell.Storage;
using AiShell.Testing.Storage;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A store whose log can be made to go wrong while it is written to.</summary>
internal sealed class BreakableStore(IObjectStore inner) : ForwardingStore(inner)
{
    private volatile bool _isGone;
    private volatile bool _losesAnswer;

    /// <summary>Takes nothing under <c>logs/</c>.</summary>
    public bool IsGone
    {
        get => _isGone;
        set => _isGone = value;
    }

    /// <summary>The next manifest under <c>logs/</c> is kept, and said not to be.</summary>
    public bool LosesAnswer
    {
        get => _losesAnswer;
        set => _losesAnswer = value;
    }

    public override async Task<IObjectWriter> CreateAsync(string key, WriteMode mode, CancellationToken cancellationToken)
    {
        if (IsGone && key.StartsWith("logs/", StringComparison.Ordinal))
        {
            throw new IOException("The store is gone.");
        }

        IObjectWriter writer = await Inner.CreateAsync(key, mode, cancellationToken);
        return key.StartsWith("logs/", StringComparison.Ordinal) && key.EndsWith("/manifest.json", StringComparison.Ordinal) ? new Writer(this, writer) : writer;
    }

    private sealed class Writer(BreakableStore store, IObjectWriter inner) : IObjectWriter
    {
        public Stream Stream => inner.Stream;

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            await inner.CommitAsync(cancellationToken);
            if (store.LosesAnswer)
            {
                store.LosesAnswer = false;
                throw new IOException("The answer was lost.");
            }
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
