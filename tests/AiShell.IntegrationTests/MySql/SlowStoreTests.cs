using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.IntegrationTests.MySql;

/// <summary>A store that takes its time while the server has rows to send.</summary>
public sealed class SlowStoreTests(SharedMariaDb shared) : SnapshotSuite(shared), IClassFixture<SharedMariaDb>
{
    [Fact]
    public async Task A_backup_whose_store_stands_still_for_longer_than_the_server_is_patient_goes_on()
    {
        // Much more than what lies in the buffers between server and store.
        DatabaseAddress source = await CreateAsync("CREATE TABLE a(id int PRIMARY KEY, b longblob); INSERT INTO a SELECT seq, repeat('x', 1000000) FROM seq_1_to_40");
        await Server.RunAsync("", "SET GLOBAL net_write_timeout = 1");
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, Options(workers: 1), default);
        using StallingStore store = new();

        IReadOnlyList<TableDigest> read = await snapshot.WriteAsync(snapshot.Steps.Single(step => step.Phase == PartPhase.Data), store, default);

        Assert.Equal(40, read.Sum(digest => digest.Fingerprint.Rows));
        Assert.True(store.HasStalled);
    }

    /// <summary>Keeps nothing, and after a megabyte nothing moves for some seconds.</summary>
    private sealed class StallingStore : Stream, IPartSink
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

        private long _length;

        public bool HasStalled { get; private set; }

        public Stream Stream => this;

        public bool IsFull => false;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position { get => _length; set => throw new NotSupportedException(); }

        public ValueTask EndPartAsync(long rows, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _length += buffer.Length;
            if (_length > 1_000_000 && !HasStalled)
            {
                HasStalled = true;
                using ManualResetEventSlim never = new();
                never.Wait(Pause);
            }
        }

        public override void Flush()
        {
            // nothing is kept
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
