namespace AiShell.Engines.PostgreSql.Wire;

/// <param name="TypeOid">The type's number in pg_type.</param>
internal sealed record WireColumn(string Name, uint TypeOid);

/// <summary>What a statement returned.</summary>
internal sealed class WireResult
{
    public List<WireColumn> Columns { get; } = [];

    public List<string?[]> Rows { get; } = [];

    /// <summary>Rows after so many are dropped.</summary>
    public int MostRows { get; init; } = int.MaxValue;

    /// <summary>The statement was a COPY from or to the client, whose rows were not taken.</summary>
    public bool IsCopy { get; set; }

    /// <summary>The command's tag: <c>UPDATE 3</c>.</summary>
    public string Tag { get; set; } = "";

    /// <summary>Takes a RowDescription (manual, "Message Formats").</summary>
    public void ReadColumns(ReadOnlySpan<byte> payload)
    {
        const int TableAndNumber = 6;
        const int SizeModifierAndFormat = 8;
        WirePayload fields = new(payload);
        int count = fields.Int16();
        for (int column = 0; column < count; column++)
        {
            string name = fields.Text();
            fields.Bytes(TableAndNumber);
            Columns.Add(new WireColumn(name, fields.UInt32()));
            fields.Bytes(SizeModifierAndFormat);
        }
    }

    /// <summary>Takes a DataRow.</summary>
    public void ReadRow(ReadOnlySpan<byte> payload)
    {
        if (Rows.Count == MostRows)
        {
            return;
        }

        WirePayload fields = new(payload);
        string?[] values = new string?[fields.Int16() is >= 0 and short count ? count : throw WireReader.NotTheProtocol('D')];
        for (int column = 0; column < values.Length; column++)
        {
            int length = fields.Int32();
            values[column] = length == -1 ? null : StrictText.Decode(fields.Bytes(length));
        }

        Rows.Add(values);
    }
}
