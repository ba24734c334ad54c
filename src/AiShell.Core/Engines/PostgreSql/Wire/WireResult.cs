using System.Buffers.Binary;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <param name="TypeOid">The type's number in pg_type.</param>
internal sealed record WireColumn(string Name, uint TypeOid);

/// <summary>What a statement returned.</summary>
internal sealed class WireResult
{
    public List<WireColumn> Columns { get; } = [];

    public List<string?[]> Rows { get; } = [];

    /// <summary>The command's tag: <c>UPDATE 3</c>.</summary>
    public string Tag { get; set; } = "";

    /// <summary>Takes a RowDescription (manual, "Message Formats").</summary>
    public void ReadColumns(ReadOnlySpan<byte> payload)
    {
        const int AfterName = 18;
        int count = BinaryPrimitives.ReadInt16BigEndian(payload);
        payload = payload[2..];
        for (int column = 0; column < count; column++)
        {
            int end = payload.IndexOf((byte)0);
            Columns.Add(new WireColumn(Encoding.UTF8.GetString(payload[..end]), BinaryPrimitives.ReadUInt32BigEndian(payload[(end + 7)..])));
            payload = payload[(end + 1 + AfterName)..];
        }
    }
}
