using System.Buffers.Binary;
using System.Text;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>What a server sends, put together by hand (manual, "Message Formats"), and what the client sent to it.</summary>
internal sealed class ServerStream(byte[] script, Func<int, int> pieceBytes) : Stream
{
    private int _at;

    public MemoryStream Sent { get; } = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static byte[] Message(char type, params byte[][] fields)
    {
        byte[] payload = [.. fields.SelectMany(field => field)];
        byte[] message = new byte[5 + payload.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + payload.Length);
        payload.CopyTo(message, 5);
        return message;
    }

    public static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    public static byte[] Int32(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] Int16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Greeting { get; } =
    [
        .. Message('R', Int32(0)), .. Message('S', Text("server_version"), Text("15.18 (Debian 15.18-1)")), .. Message('K', Int32(4711), Int32(42)), .. Ready,
    ];

    public static byte[] Ready => Message('Z', [(byte)'I']);

    public static byte[] Notice => Message('N', [(byte)'S'], Text("NOTICE"), [(byte)'M'], Text("by the way"), [0]);

    public static byte[] Parameter => Message('S', Text("TimeZone"), Text("Europe/Berlin"));

    public static byte[] Error(string sqlState, string message) => Message('E', [(byte)'S'], Text("ERROR"), [(byte)'C'], Text(sqlState), [(byte)'M'], Text(message), [0]);

    public static byte[] CopyOutBegins => Message('H', [0], Int16(1), Int16(0));

    public static byte[] CopyInBegins => Message('G', [0], Int16(1), Int16(0));

    public static byte[] Row(byte[] line) => Message('d', line);

    public static byte[] Row(string line) => Row(Encoding.UTF8.GetBytes(line));

    /// <summary>A session whose server sends the greeting, then the messages, then closes.</summary>
    public static (WireSession Session, ServerStream Server) Open(byte[] messages, Func<int, int>? pieceBytes = null)
    {
        ServerStream server = new([.. Greeting, .. messages], pieceBytes ?? (left => left));
        return (WireSession.Start(new WireChannel(server, server, null), "someone", "shop", null, null), server);
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int left = script.Length - _at;
        int bytes = left == 0 ? 0 : Math.Clamp(Math.Min(pieceBytes(left), count), 1, left);
        Array.Copy(script, _at, buffer, offset, bytes);
        _at += bytes;
        return bytes;
    }

    public override void Write(byte[] buffer, int offset, int count) => Sent.Write(buffer, offset, count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
