using System.Text;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>
/// What shows that a schema was changed. A consistent snapshot is one of rows only: a table that was rebuilt, emptied or made since
/// then cannot be read (error 1412), but one that took another's name, or changed a partition with it, can.
/// </summary>
/// <param name="Statements">How often the server ran statements that change schemas, of any database.</param>
/// <param name="Relations">Name, type and storage engine of each table, view and sequence.</param>
/// <param name="Ids">InnoDB's number of each table and partition, by file name; null without the PROCESS privilege.</param>
internal sealed record SchemaState(string Statements, IReadOnlyList<SourceRelation> Relations, IReadOnlyDictionary<string, string>? Ids)
{
    private const int FirstWithDictionary = 80000;

    // InnoDB writes names as files are named, and only MariaDB tells how that is.
    private const string Folder = @"CONCAT(REPLACE(CONVERT(CONVERT(DATABASE() USING filename) USING binary), '_', '\\_'), '/%')";

    public static SchemaState Read(MySqlSession session) => new(
        CountStatements(session),
        [
            .. session.Query("SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")
                .Select(row => new SourceRelation(row[0]!, row[1]!, row[2] ?? ""))
                .OrderBy(relation => relation.Name, StringComparer.Ordinal),
        ],
        ReadIds(session));

    /// <summary>Nothing at all was changed on the server.</summary>
    public bool IsUntouchedIn(SchemaState later) => Statements == later.Statements && IsSameTablesIn(later);

    /// <summary>The same tables are there, as far as is known.</summary>
    public bool IsSameTablesIn(SchemaState later) => Relations.SequenceEqual(later.Relations) && IsSameIds(Ids, later.Ids);

    public static bool IsSameIds(IReadOnlyDictionary<string, string>? one, IReadOnlyDictionary<string, string>? other) =>
        one is null || other is null ? one is null && other is null : one.Count == other.Count && one.All(table => other.GetValueOrDefault(table.Key) == table.Value);

    /// <summary>Counters need no privilege.</summary>
    public static string CountStatements(MySqlSession session) => string.Join(
        ' ',
        session.Query("SHOW GLOBAL STATUS LIKE 'Com\\_%'")
            .Where(row => row[0]!.Split('_') is [_, "create" or "drop" or "alter" or "rename" or "truncate", .., not "user" and not "role" and not "table"] or [_, "create" or "drop" or "alter" or "rename", "table"] or [_, "truncate"])
            .Where(row => !row[0]!.Contains("temporary", StringComparison.Ordinal))
            .Select(row => $"{row[0]}={row[1]}"));

    /// <summary>The pattern of a database's names in InnoDB. Letters of other alphabets are files' by a table of the server's own: any is taken for them.</summary>
    internal static string FolderLike(string database) => SqlText.Literal(
        $"{string.Concat(database.EnumerateRunes().Select(letter => letter.Value switch { '_' => @"\_", _ when !letter.IsAscii => "@%", _ when Rune.IsLetterOrDigit(letter) => letter.ToString(), var code => $"@{code:x4}" }))}/%");

    /// <returns>Null without the privilege.</returns>
    public static IReadOnlyDictionary<string, string>? ReadIds(MySqlSession session)
    {
        string tables = session.Features is { IsMariaDb: false, Version: >= FirstWithDictionary } ? "INNODB_TABLES" : "INNODB_SYS_TABLES";
        try
        {
            return session.Query($"SELECT NAME, TABLE_ID FROM information_schema.{tables} WHERE NAME LIKE {(session.Features.IsMariaDb ? Folder : FolderLike(session.Scalar("SELECT DATABASE()")!))}")
                .ToDictionary(row => row[0]!, row => row[1]!);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            return null;
        }
    }
}

internal sealed record SourceRelation(string Name, string Type, string Engine)
{
    public bool IsTable => Type is "BASE TABLE" or "SYSTEM VERSIONED";
}
