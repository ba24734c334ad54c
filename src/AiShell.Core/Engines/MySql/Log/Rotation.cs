namespace AiShell.Engines.MySql.Log;

/// <summary>Which file goes on, and from where (manuals, "ROTATE_EVENT").</summary>
internal readonly record struct Rotation(string File, long Offset)
{
    public static Rotation Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        ulong offset = body.UInt64();
        return offset <= long.MaxValue && body.Left > 0
            ? new Rotation(body.Utf8(body.Left), (long)offset)
            : throw LogDamage.Of("an event names no file to go on with");
    }
}
