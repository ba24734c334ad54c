using System.Text;

namespace AiShell.Engines.MySql.Wire;

/// <summary>What the columns of a table get that are given no value, by COM_FIELD_LIST (manual): the one way to ask for it that does not pass through utf8mb3.</summary>
internal static class DefaultValues
{
    private const byte ComFieldList = 0x04;
    private const int FixedBytes = 13;

    /// <param name="table">Not quoted; of the session's database.</param>
    /// <returns>By column, in the session's character_set_results, or as they are where it is NULL; null where there is none, and of expressions.</returns>
    public static IReadOnlyDictionary<string, byte[]?> Read(MySqlSession session, string table)
    {
        session.Packets.StartCommand();
        session.Packets.Send([ComFieldList, .. Encoding.UTF8.GetBytes(table), 0]);
        Dictionary<string, byte[]?> defaults = new(StringComparer.Ordinal);
        while (!session.IsEndOfRows(session.BeginAnswer()))
        {
            PayloadReader definition = new(session.Packets.ReadRest());
            byte[][] names = [.. Enumerable.Range(0, 6).Select(_ => definition.ReadBytes((int)definition.ReadLength()))];
            definition.ReadBytes(FixedBytes);
            defaults[Encoding.UTF8.GetString(names[^1])] = definition.Peek() == 0xFB ? null : definition.ReadBytes((int)definition.ReadLength());
        }

        session.Packets.Skip();
        return defaults;
    }
}
