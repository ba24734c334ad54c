using System.Text.Json;
using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>The two schema parts: pg_dump's objects, and what it takes for data but is none: sequences' values, materialized views' rows.</summary>
internal sealed record SnapshotScripts(IReadOnlyList<ScriptEntry> PreData, IReadOnlyList<ScriptEntry> PostData)
{
    /// <summary>Of entries that fill a materialized view; its query may call any function.</summary>
    public const string RefreshKind = "REFRESH";

    private const int SequencesPerQuery = 500;

    // psql has none of the settings of our own sessions.
    private const string Settings =
        "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n"
        + "SET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\nSET check_function_bodies = false;\n"
        + "SET xmloption = content;\nSET client_min_messages = warning;\nSET row_security = off;\nSET DateStyle = ISO;\nSET TimeZone = 'UTC';\n";

    private static string EncodingSetting(DatabaseProperties database) =>
        $"SET client_encoding = '{database.ClientEncoding}';\n\n";

    public static SnapshotScripts Create(WireSession session, SourceCatalogue catalogue, IReadOnlyList<ArchiveEntry> entries, SnapshotOptions options)
    {
        (IReadOnlyList<ScriptEntry> before, IReadOnlyList<ScriptEntry> after) = SchemaScript.Build(entries);
        int next = entries.Select(entry => entry.Id).DefaultIfEmpty(0).Max() + 1;
        ScriptEntry database = ScriptEntry.Create(
            0, DatabaseEntry.Kind, "", "database", $"{DatabaseEntry.ToComment(catalogue.Database)}{(options.Scope == BackupScope.DataOnly ? "" : Settings + EncodingSetting(catalogue.Database))}");
        if (!catalogue.HasPublicSchema && options.Scope != BackupScope.DataOnly && options.Tables.TakesAll)
        {
            before = [ScriptEntry.Create(next++, "SCHEMA", "", "public", "DROP SCHEMA IF EXISTS public;\n"), .. before];
        }

        List<ScriptEntry> values = options.Scope switch
        {
            BackupScope.SchemaOnly => [],
            BackupScope.DataOnly => SequenceValues(
                session, options.Tables.TakesAll ? catalogue.Sequences : [.. catalogue.Sequences.Intersect(OwnedSequences(session, options.Tables))], ref next),
            _ => SequenceValues(
                session,
                [.. entries.Where(entry => entry.Kind == "SEQUENCE").Select(EntrySelection.NameOf).Concat(catalogue.ExtensionSequences).Intersect(catalogue.Sequences)],
                ref next,
                entries.Where(entry => entry.Kind == "SEQUENCE").ToDictionary(EntrySelection.NameOf, entry => entry.Id)),
        };

        LargeObjectScript large = catalogue.Tables.Any(table => table.Name == LargeObjects.Table && options.Tables.Takes(table.Name)) && options.Scope != BackupScope.SchemaOnly
            ? LargeObjectScript.Read(session, whole: options.Scope == BackupScope.All, ref next)
            : LargeObjectScript.Nothing;
        after = WithGrants(after, large.Grants);
        List<ScriptEntry> refreshes = [];
        foreach (ArchiveEntry view in entries.Where(entry => options.Scope == BackupScope.All && entry.Kind == "MATERIALIZED VIEW" && catalogue.Populated.Contains(EntrySelection.NameOf(entry))))
        {
            // In the order of the dump, in which a view follows those it reads; each waits for all objects and for the one before it.
            IEnumerable<int> needs = refreshes.Count > 0 ? [refreshes[^1].Header.Id] : after.Select(entry => entry.Header.Id);
            refreshes.Add(ScriptEntry.Create(
                next++, RefreshKind, view.Schema, view.Tag, $"REFRESH MATERIALIZED VIEW {SqlText.Quote(EntrySelection.NameOf(view))};\n", needs, [view.Id]));
        }

        bool whole = options.Scope != BackupScope.DataOnly && options.Tables.TakesAll;
        IReadOnlyList<ScriptEntry> owner = whole ? [DatabaseSettings.ReadOwner(session, ref next)] : [];
        IReadOnlyList<ScriptEntry> settings = whole ? DatabaseSettings.Read(session, ref next) : [];
        return new SnapshotScripts([database, .. owner, .. before, .. large.PreData], [.. values, .. large.PostData, .. after, .. refreshes, .. settings]);
    }

    /// <summary>Grants stand together, before event triggers and after all else.</summary>
    private static ScriptEntry[] WithGrants(IReadOnlyList<ScriptEntry> script, IReadOnlyList<ScriptEntry> grants)
    {
        IEnumerable<ScriptEntry> before = script.TakeWhile(entry => entry.Header.Kind is not ("ACL" or "DEFAULT ACL" or "EVENT TRIGGER"));
        return [.. before, .. grants, .. script.Skip(before.Count())];
    }

    /// <summary>Sequences that are of a column of a wanted table (manual, CREATE SEQUENCE, OWNED BY; identity columns).</summary>
    private static IEnumerable<TableName> OwnedSequences(WireSession session, TableFilter tables) => session.Query(
        """
        SELECT sn.nspname, s.relname, tn.nspname, t.relname
        FROM pg_class s JOIN pg_namespace sn ON sn.oid = s.relnamespace
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
        WHERE s.relkind = 'S'
        """)
        .Where(row => tables.Takes(new TableName(row[2]!, row[3]!)))
        .Select(row => new TableName(row[0]!, row[1]!));

    private static List<ScriptEntry> SequenceValues(WireSession session, IReadOnlyList<TableName> sequences, ref int next, Dictionary<TableName, int>? declared = null)
    {
        List<ScriptEntry> values = [];
        foreach (TableName[] batch in sequences.Chunk(SequencesPerQuery))
        {
            string sql = string.Join(" UNION ALL ", batch.Select((sequence, index) => $"SELECT {index}, last_value, is_called FROM {SqlText.Quote(sequence)}"));
            foreach (string?[] row in session.Query($"{sql} ORDER BY 1"))
            {
                TableName sequence = batch[int.Parse(row[0]!, System.Globalization.CultureInfo.InvariantCulture)];
                values.Add(ScriptEntry.Create(
                    next++,
                    "SEQUENCE SET",
                    sequence.Schema,
                    sequence.Name,
                    $"SELECT pg_catalog.setval({SqlText.Literal(SqlText.Quote(sequence))}, {row[1]}, {(row[2] == "t" ? "true" : "false")});\n",
                    declared is not null && declared.TryGetValue(sequence, out int declaration) ? [declaration] : []));
            }
        }

        return values;
    }
}

/// <summary>The first entry of the first part: what the database must be made with. A comment, because psql runs in one that is there.</summary>
internal static class DatabaseEntry
{
    public const string Kind = "DATABASE";
    private const string Mark = "-- database ";

    public static string ToComment(DatabaseProperties properties) => $"{Mark}{JsonSerializer.Serialize(properties, DatabaseJson.Default.DatabaseProperties)}\n";

    /// <exception cref="InvalidDataException">The entry says nothing of a database.</exception>
    public static DatabaseProperties Parse(string sql)
    {
        string line = sql.Split('\n')[0];
        try
        {
            return line.StartsWith(Mark, StringComparison.Ordinal)
                && JsonSerializer.Deserialize(line[Mark.Length..], DatabaseJson.Default.DatabaseProperties) is { Encoding: not null } properties
                ? properties
                : throw new InvalidDataException("it does not begin with the database's properties");
        }
        catch (JsonException failure)
        {
            throw new InvalidDataException("the database's properties are damaged", failure);
        }
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(DatabaseProperties))]
[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class DatabaseJson : System.Text.Json.Serialization.JsonSerializerContext;
