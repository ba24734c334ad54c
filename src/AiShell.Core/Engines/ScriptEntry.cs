using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiShell.Engines;

/// <summary>
/// One object in a schema part: a comment line that says what follows and how many bytes it takes, then the statements. The
/// part is an ordinary script for the database's own client; a reader that goes by the byte counts never has to find the end of a statement.
/// </summary>
/// <param name="Id">Unique within the backup.</param>
/// <param name="Needs">Entries that must be there first.</param>
/// <param name="Locks">Tables' entries that no other entry may work on at the same time.</param>
/// <param name="Bytes">Of the statements that make it.</param>
/// <param name="OwnerBytes">Of the statement after them that gives it its owner; 0 for none.</param>
internal sealed record ScriptEntryHeader(
    int Id, string Kind, string Schema, string Name, int[] Needs, int[] Locks, int Bytes, int OwnerBytes, string? Owner)
{
    public const string Mark = "-- ai-shell ";

    public string ToLine() => $"{Mark}{JsonSerializer.Serialize(this, ScriptJson.Default.ScriptEntryHeader)}\n";

    /// <exception cref="InvalidDataException">The line is not one of ours.</exception>
    public static ScriptEntryHeader Parse(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> mark = Encoding.ASCII.GetBytes(Mark);
        if (!line.StartsWith(mark))
        {
            throw new InvalidDataException("it is not a script of ai-shell");
        }

        try
        {
            return JsonSerializer.Deserialize(line[mark.Length..], ScriptJson.Default.ScriptEntryHeader) is { Bytes: >= 0, OwnerBytes: >= 0, Needs: not null, Locks: not null } header
                ? header
                : throw new InvalidDataException("an entry's header is not complete");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException("an entry's header is damaged", failure);
        }
    }
}

/// <param name="Sql">The statements that make it.</param>
/// <param name="OwnerSql">Empty, or the statement that gives it its owner.</param>
internal sealed record ScriptEntry(ScriptEntryHeader Header, string Sql, string OwnerSql)
{
    public override string ToString() => $"{Header.Kind} {(Header.Schema.Length > 0 ? $"{Header.Schema}." : "")}{Header.Name}";

    public static ScriptEntry Create(int id, string kind, string schema, string name, string sql, IEnumerable<int>? needs = null, IEnumerable<int>? locks = null, string ownerSql = "", string? owner = null) =>
        new(
            new ScriptEntryHeader(id, kind, schema, name, [.. needs ?? []], [.. locks ?? []], Encoding.UTF8.GetByteCount(sql), Encoding.UTF8.GetByteCount(ownerSql), owner),
            sql,
            ownerSql);

    public void WriteTo(Stream stream)
    {
        stream.Write(Encoding.UTF8.GetBytes(Header.ToLine()));
        stream.Write(Encoding.UTF8.GetBytes(Sql));
        stream.Write(Encoding.UTF8.GetBytes(OwnerSql));
    }
}

[JsonSerializable(typeof(ScriptEntryHeader))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class ScriptJson : JsonSerializerContext;
