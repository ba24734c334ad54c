using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Log;

/// <summary>Joins the packets of an event, which may be as large as a transaction's largest row.</summary>
internal sealed class EventBuffer(PacketStream packets)
{
    private const int UsualBytes = 256 * 1024;
    private const int StatusBytes = 1;

    private byte[] _bytes = new byte[UsualBytes];

    /// <summary>The rest of the payload that began, without its status byte. Valid until the next call.</summary>
    /// <exception cref="ConnectionBroken">The connection ended.</exception>
    public ReadOnlyMemory<byte> Take()
    {
        packets.Advance(StatusBytes);
        if (_bytes.Length > UsualBytes && packets.IsWhole)
        {
            _bytes = new byte[UsualBytes]; // the large one is over
        }

        int used = 0;
        while (!packets.AtEnd)
        {
            ReadOnlySpan<byte> window = packets.Window;
            if (window.IsEmpty)
            {
                packets.Fill();
                continue;
            }

            if (window.Length > _bytes.Length - used)
            {
                Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, (long)used + packets.LeftInPacket)));
            }

            window.CopyTo(_bytes.AsSpan(used));
            used += window.Length;
            packets.Advance(window.Length);
        }

        return _bytes.AsMemory(0, used);
    }
}
