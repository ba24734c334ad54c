using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>
/// What goes with a copy that a restore kept, in a table of the copy's database. The copy is one for people to look at: what is taken from it again are its rows. What its tables and objects are
/// is here word for word, as the source had it, whatever the target's server or <c>--definer</c> made of it; so that events need not stand there and run.
/// </summary>
/// <param name="Note">As <see cref="IKeptCopy.Note"/>.</param>
/// <param name="Database">What the source's database was called, which its log names.</param>
/// <param name="Position">Where in the log the copy stands.</param>
/// <param name="History">As <see cref="Snapshot.DatabaseProperties.History"/>.</param>
/// <param name="PreData">The script before the rows.</param>
/// <param name="PostData">The script after the rows.</param>
/// <param name="Requires">As <see cref="BackupContents.Requires"/>.</param>
internal sealed record KeptNote(
    string Note,
    string Database,
    string Position,
    bool History,
    IReadOnlyList<KeptTable> Tables,
    byte[] PreData,
    byte[] PostData,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Requires)
{
    private const int PieceBytes = 256 * 1024;

    public static string TableOf(uint number) => string.Create(CultureInfo.InvariantCulture, $"ai_shell_kept_{number:x8}");

    /// <summary>With its last statement the copy is a kept one, and no leftover any more.</summary>
    public void Write(MySqlSession session, string copy, uint number, string target, long turn)
    {
        string name = SqlText.Quote(copy, TableOf(number));
        session.Execute($"CREATE TABLE {name} (piece INT PRIMARY KEY, content MEDIUMBLOB NOT NULL) ENGINE=InnoDB");
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, KeptJson.Default.KeptNote);
        foreach ((int index, byte[] piece) in json.Chunk(PieceBytes).Index())
        {
            Insert(index + 1, piece);
        }

        Insert(0, JsonSerializer.SerializeToUtf8Bytes(new KeptHead(target, turn, json.Length), KeptJson.Default.KeptHead));

        void Insert(int piece, byte[] content) => session.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {name} VALUES ({piece}, 0x{Convert.ToHexString(content)})"));
    }

    /// <summary>Null where none was written to its end.</summary>
    public static KeptHead? ReadHead(MySqlSession session, string copy, uint number)
    {
        if (!DatabaseListing.HasTable(session, copy, TableOf(number)))
        {
            return null;
        }

        try
        {
            return session.QueryBytes($"SELECT content FROM {SqlText.Quote(copy, TableOf(number))} WHERE piece = 0") is [[{ } head]] ? Parse(head, KeptJson.Default.KeptHead, copy) : null;
        }
        catch (ServerError error) when (error.Number is ServerErrors.NoSuchTable or ServerErrors.UnknownDatabase)
        {
            return null; // dropped meanwhile
        }
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: it is damaged.</exception>
    public static KeptNote Read(MySqlSession session, KeptDatabase kept)
    {
        byte[] json = [.. session.QueryBytes($"SELECT content FROM {SqlText.Quote(kept.Name, TableOf(kept.Number))} WHERE piece > 0 ORDER BY piece").SelectMany(row => row[0]!)];
        return json.Length == kept.Head.Bytes ? Parse(json, KeptJson.Default.KeptNote, kept.Name) : throw Damaged(kept.Name, null);
    }

    private static T Parse<T>(byte[] json, JsonTypeInfo<T> type, string copy)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw Damaged(copy, null);
        }
        catch (JsonException failure)
        {
            throw Damaged(copy, failure);
        }
    }

    private static AiShellException Damaged(string copy, JsonException? failure) => new(
        ErrorKind.Integrity, $"What was noted in the kept copy '{copy}' is damaged.", "Drop that database, and restore anew without --continue.", failure);
}

/// <summary>What says that a copy is kept.</summary>
/// <param name="Target">The names of long ones are cut in that of the copy.</param>
/// <param name="Turn">Of two copies the one with the higher took the other's place.</param>
/// <param name="Bytes">Of the note.</param>
internal sealed record KeptHead(string Target, long Turn, int Bytes);

/// <param name="Sum">As <see cref="TableFingerprint.ToHex"/>.</param>
internal sealed record KeptTable(string Name, long Rows, string Sum)
{
    public static KeptTable Of(TableDigest digest) => new(digest.Table.Name, digest.Fingerprint.Rows, digest.Fingerprint.ToHex());
}

[JsonSerializable(typeof(KeptNote))]
[JsonSerializable(typeof(KeptHead))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class KeptJson : JsonSerializerContext;
