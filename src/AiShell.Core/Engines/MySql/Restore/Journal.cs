using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// A promotion's plan, written down on the server before its first step, in a table that the promotion's own RENAME moves: where it lies
/// says whether that was done.
/// </summary>
internal static class Journal
{
    private const int PieceBytes = 256 * 1024;

    public static string NameOf(uint number) => string.Create(CultureInfo.InvariantCulture, $"ai_shell_journal_{number:x8}");

    public static void Write(MySqlSession session, PromotionPlan plan, uint number)
    {
        string name = SqlText.Quote(plan.Staging, NameOf(number));
        session.Execute($"CREATE TABLE {name} (piece INT PRIMARY KEY, plan MEDIUMBLOB NOT NULL) ENGINE=InnoDB");
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(plan, JournalJson.Default.PromotionPlan);
        foreach ((int index, byte[] piece) in json.Chunk(PieceBytes).Index())
        {
            // An empty plan column would be one that is not written yet.
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {name} VALUES ({index + 1}, 0x{Convert.ToHexString(piece)})"));
        }

        session.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {name} VALUES (0, 0x{Convert.ToHexString(Encoding.ASCII.GetBytes(json.Length.ToString(CultureInfo.InvariantCulture)))})"));
    }

    /// <summary>The plan of a promotion whose journal lies in this database; null where none does that was written to its end.</summary>
    public static PromotionPlan? Find(MySqlSession session, string database, uint number)
    {
        if (!DatabaseListing.HasTable(session, database, NameOf(number)))
        {
            return null;
        }

        byte[][] pieces = [.. session.QueryBytes($"SELECT plan FROM {SqlText.Quote(database, NameOf(number))} ORDER BY piece").Select(row => row[0]!)];
        byte[] json = [.. pieces.Skip(1).SelectMany(piece => piece)];
        return pieces.Length > 0 && Encoding.ASCII.GetString(pieces[0]) == json.Length.ToString(CultureInfo.InvariantCulture)
            ? JsonSerializer.Deserialize(json, JournalJson.Default.PromotionPlan)
            : null;
    }
}

/// <summary>What makes a copy the target, in steps that may be done again.</summary>
/// <param name="Old">The database that takes what is replaced.</param>
/// <param name="MakesOld">The statement that makes that database.</param>
/// <param name="MakesTarget">The statement that makes the target where there is none.</param>
/// <param name="Moves">Of tables, in order; all in one statement.</param>
/// <param name="Lift">In the target, before the moves: takes off what does not move. The last first: triggers run in the order in which they were made, so that what is put back must come after those that were not taken off yet.</param>
/// <param name="PutBack">In the target, should the moves not come: puts that on again.</param>
/// <param name="AtOnce">In the target, together with the moves.</param>
/// <param name="After">In the target.</param>
/// <param name="AfterInOld">In the old database, where it is kept.</param>
internal sealed record PromotionPlan(
    string Target,
    string Staging,
    string Old,
    string MakesOld,
    bool KeepOld,
    string? MakesTarget,
    IReadOnlyList<TableMove> Moves,
    IReadOnlyList<string> Lift,
    IReadOnlyList<string> PutBack,
    IReadOnlyList<string> AtOnce,
    IReadOnlyList<string> After,
    IReadOnlyList<string> AfterInOld);

internal sealed record TableMove(string FromDatabase, string FromName, string ToDatabase, string ToName)
{
    public string From => SqlText.Quote(FromDatabase, FromName);

    public string To => SqlText.Quote(ToDatabase, ToName);
}

[JsonSerializable(typeof(PromotionPlan))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class JournalJson : JsonSerializerContext;
