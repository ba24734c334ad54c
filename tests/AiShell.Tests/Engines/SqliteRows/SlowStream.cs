namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>Gives a few bytes at a time, so that every token is cut somewhere.</summary>
internal sealed class SlowStream(byte[] bytes, int step) : MemoryStream(bytes)
{
    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, step));

    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, step)]);
}
