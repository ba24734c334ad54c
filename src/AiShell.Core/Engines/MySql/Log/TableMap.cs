namespace AiShell.Engines.MySql.Log;

/// <summary>The table that the rows after it belong to (manuals, "TABLE_MAP_EVENT").</summary>
internal readonly record struct TableMap(string Database, string Table)
{
    private const int TableIdBytes = 6;

    public static TableMap Read(BinaryLogEvent from)
    {
        BodyReader body = new(from);
        body.Skip(TableIdBytes + sizeof(ushort));
        string database = body.Utf8(body.Byte());
        body.Skip(1);
        return new TableMap(database, body.Utf8(body.Byte()));
    }
}
