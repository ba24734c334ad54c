namespace AiShell.Engines.MySql.Log;

/// <summary>
/// MySQL's GTID with a tag ("Gtid_event", tagged form): fields with numbers, in ascending order, in the format of its serialization library.
/// A field that is as usual may be left out.
/// </summary>
internal static class TaggedGtid
{
    private const ulong Version = 1;
    private const ulong Server = 1;
    private const ulong Number = 2;
    private const ulong Tag = 3;
    private const ulong CommittedHere = 6;
    private const ulong LongestTag = 32;

    public static TransactionId Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        if (body.SerializedInteger() != Version)
        {
            throw LogDamage.Of($"the tagged GTID that ends at {from.NextPosition} is of an unknown version");
        }

        body.SerializedInteger(); // its length
        body.SerializedInteger(); // the last field that must be known
        Guid? server = null;
        string tag = "";
        ulong? number = null;
        ulong? here = null;
        for (ulong field; body.Left > 0 && (field = body.SerializedInteger()) <= CommittedHere;)
        {
            switch (field)
            {
                case Server:
                    server = ReadServer(ref body);
                    break;
                case Tag:
                    tag = body.Utf8((int)Math.Min(body.SerializedInteger(), LongestTag));
                    break;
                case Number:
                    number = body.SerializedInteger() >> 1; // signed: zigzag
                    break;
                case CommittedHere:
                    here = body.SerializedInteger();
                    break;
                default:
                    body.SerializedInteger();
                    break;
            }
        }

        if (server is null || number is null)
        {
            throw LogDamage.Of($"the tagged GTID that ends at {from.NextPosition} is not whole");
        }

        return TransactionId.OfMySql(tag.Length > 0 ? $"{server}:{tag}:{number}" : $"{server}:{number}", (long?)here);
    }

    private static Guid ReadServer(ref BodyReader body)
    {
        Span<byte> server = stackalloc byte[16];
        for (int index = 0; index < server.Length; index++)
        {
            server[index] = (byte)body.SerializedInteger();
        }

        return new Guid(server, bigEndian: true);
    }
}
