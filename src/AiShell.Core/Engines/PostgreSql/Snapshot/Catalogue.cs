using System.Globalization;
using System.Text.Json.Serialization;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <param name="Columns">Those that COPY reads and writes: generated ones are left out.</param>
/// <param name="Condition">The rows of an extension's table that are the user's (manual, "Extension Configuration Tables"), or null for all.</param>
/// <param name="SizeBytes">Of the rows with what is stored out of line, on the server's disk.</param>
/// <param name="Pages">Of the main fork.</param>
internal sealed record SourceTable(
    string Oid, TableName Name, IReadOnlyList<string> Columns, string? Condition, bool HasRowSecurity, bool IsOfExtension, long SizeBytes, long Pages)
{
    /// <summary>Of each column the number of its type, a domain's as that of the type below it (catalogue pg_type).</summary>
    public IReadOnlyList<uint> Types { get; init; } = [];

    /// <summary>Nothing is known that keeps us from locking it: no missing privilege, nobody who has it for himself.</summary>
    public bool CanBeLocked { get; init; } = true;
}

/// <summary>A table whose rows are in its partitions.</summary>
/// <param name="Leaves">The numbers of those that hold rows, at any depth.</param>
internal sealed record PartitionedTable(string Oid, TableName Name, bool CanBeLocked, IReadOnlyList<string> Leaves)
{
    /// <summary>Whether a selection has nothing of it.</summary>
    public bool IsLeftOut(IReadOnlySet<string> taken, TableFilter filter) => Leaves.Count > 0 ? !Leaves.Any(taken.Contains) : !filter.Takes(Name);
}

/// <param name="Sequences">All whose values are the user's.</param>
/// <param name="ExtensionSequences">Those of them that an extension makes and has marked so.</param>
/// <param name="Populated">Materialized views that hold rows, by name.</param>
/// <param name="Views">With or without rows of their own, foreign tables among them.</param>
/// <param name="Partitioned">Their rows are in their partitions, which are among <paramref name="Tables"/>.</param>
/// <param name="Subscriptions">By name; pg_dump keeps them only for a superuser.</param>
/// <param name="HasPublicSchema">Every new database has one; this one's may be gone.</param>
internal sealed record SourceCatalogue(
    IReadOnlyList<SourceTable> Tables,
    IReadOnlyList<TableName> Sequences,
    IReadOnlySet<TableName> ExtensionSequences,
    IReadOnlySet<TableName> Populated,
    IReadOnlyList<TableName> Views,
    IReadOnlyList<PartitionedTable> Partitioned,
    IReadOnlyList<string> Subscriptions,
    DatabaseProperties Database,
    bool HasPublicSchema,
    IReadOnlyDictionary<string, int> Objects)
{
    /// <summary>How many objects a backup of everything locks.</summary>
    public long Locks => Tables.Count + Sequences.Count + (long)Objects["partitioned tables"];
}

/// <summary>What a new database must be made with to hold the same values (manual, CREATE DATABASE).</summary>
internal sealed record DatabaseProperties(string Encoding, string Collate, string CharacterType, string LocaleProvider, string? Locale)
{
    /// <summary>What its text is read and written in: UTF-8, or its bytes as they are where nobody knows what they mean.</summary>
    [JsonIgnore]
    public string ClientEncoding => Encoding == Connecting.Server.Unconverted ? Encoding : "UTF8";

    /// <summary>Where its objects lie that name no place; null for the server's default.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tablespace { get; init; }

    /// <summary>What an ICU locale's order is changed by; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IcuRules { get; init; }
}

/// <summary>Reads the catalogue (manual, "System Catalogs") within a snapshot.</summary>
internal static class Catalogue
{
    // pg_temp and pg_toast are of the server; no user may make a schema that begins with pg_.
    private const string UserSchema = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";

    private const int FirstWithGenerated = 120000;
    private const int FirstWithProvider = 150000;
    private const int FirstWithIcuRules = 160000;
    private const int FirstWithBuiltinLocale = 170000;

    public static SourceCatalogue Read(WireSession session) => new(
        [.. Tables(session), .. LargeObjectPages(session)],
        [.. Names(session, $"c.relkind = 'S' AND {UserSchema} AND ({NotOfExtension} OR {IsConfiguration})")],
        Names(session, $"c.relkind = 'S' AND {UserSchema} AND {IsConfiguration}").ToHashSet(),
        Names(session, $"c.relkind = 'm' AND c.relispopulated AND {UserSchema}").ToHashSet(),
        [.. Names(session, $"c.relkind IN ('v', 'm', 'f') AND {UserSchema} AND {NotOfExtension}")],
        PartitionedTables(session),
        PostgreSql.Subscriptions.Of(session, null),
        Properties(session),
        session.Scalar("SELECT 1 FROM pg_namespace WHERE nspname = 'public'") is not null,
        Counts(session));

    private const string NotOfExtension =
        "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

    private const string IsConfiguration = "EXISTS (SELECT FROM pg_extension e WHERE c.oid = ANY (e.extconfig))";

    // Whoever asks for the size of a table that another session has for itself, or waits to have, waits behind it.
    private const string AskedFor =
        """
        SELECT relation, bool_or(pid = pg_backend_pid()) AS ours FROM pg_locks
        WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        GROUP BY relation HAVING bool_or(pid <> pg_backend_pid() AND mode = 'AccessExclusiveLock')
        """;

    /// <summary>Views that another session has for itself, as for a refresh, or waits to have: who reads their definition waits behind it.</summary>
    public static IEnumerable<(string Oid, TableName Name)> LockedViews(WireSession session) => session.Query(
        $"SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN ({AskedFor}) l ON l.relation = c.oid WHERE c.relkind IN ('v', 'm') AND {UserSchema}")
        .Select(row => (row[0]!, new TableName(row[1]!, row[2]!)));

    private static IEnumerable<TableName> Names(WireSession session, string condition) =>
        session.Query($"SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {condition} ORDER BY 1, 2")
            .Select(row => new TableName(row[0]!, row[1]!));

    private static List<SourceTable> Tables(WireSession session)
    {
        // A partitioned table holds no rows, its leaves do; an extension's tables come with it, but for those that it marks as the user's.
        List<string?[]> rows = session.Query(
            $"""
            SELECT c.oid, n.nspname, c.relname, c.relrowsecurity, e.oid IS NOT NULL, e.extcondition[array_position(e.extconfig, c.oid)],
                   CASE WHEN f.free THEN pg_table_size(c.oid) END, CASE WHEN f.free THEN pg_relation_size(c.oid) / current_setting('block_size')::int END,
                   f.free AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_extension e ON c.oid = ANY (e.extconfig)
            LEFT JOIN ({AskedFor}) l ON l.relation = c.oid
            CROSS JOIN LATERAL (SELECT l.relation IS NULL OR l.ours AS free) f
            WHERE c.relkind = 'r' AND {UserSchema} AND (e.oid IS NOT NULL OR {NotOfExtension})
            ORDER BY 2, 3
            """);
        ILookup<string, (string Name, uint Type)> columns = session.Query(
            $"""
            SELECT a.attrelid, a.attname, CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attnum > 0 AND NOT a.attisdropped {(session.ServerVersion >= FirstWithGenerated ? "AND a.attgenerated = ''" : "")}
              AND a.attrelid IN (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND {UserSchema})
            ORDER BY a.attrelid, a.attnum
            """).ToLookup(row => row[0]!, row => (row[1]!, uint.Parse(row[2]!, CultureInfo.InvariantCulture)));
        return
        [
            .. rows.Select(row => new SourceTable(
                row[0]!,
                new TableName(row[1]!, row[2]!),
                [.. columns[row[0]!].Select(column => column.Name)],
                string.IsNullOrWhiteSpace(row[5]) ? null : row[5],
                row[3] == "t",
                row[4] == "t",
                Number(row[6]),
                Number(row[7])) { Types = [.. columns[row[0]!].Select(column => column.Type)], CanBeLocked = row[8] == "t" }),
        ];
    }

    private static List<PartitionedTable> PartitionedTables(WireSession session)
    {
        List<string?[]> rows = session.Query(
            $"""
            SELECT c.oid, n.nspname, c.relname, (l.relation IS NULL OR l.ours) AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN ({AskedFor}) l ON l.relation = c.oid
            WHERE c.relkind = 'p' AND {UserSchema} AND {NotOfExtension} ORDER BY 2, 3
            """);
        // pg_partition_tree() would lock them all.
        ILookup<string, string> leaves = rows.Count == 0 ? Enumerable.Empty<string>().ToLookup(_ => "") : session.Query(
            """
            WITH RECURSIVE below(root, oid) AS (
              SELECT p.oid, i.inhrelid FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid WHERE p.relkind = 'p'
              UNION SELECT b.root, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
            SELECT b.root, c.oid FROM below b JOIN pg_class c ON c.oid = b.oid WHERE c.relkind = 'r'
            """).ToLookup(row => row[0]!, row => row[1]!);
        return [.. rows.Select(row => new PartitionedTable(row[0]!, new TableName(row[1]!, row[2]!), row[3] == "t", [.. leaves[row[0]!]]))];
    }

    private static IEnumerable<SourceTable> LargeObjectPages(WireSession session)
    {
        if (session.Scalar("SELECT 1 FROM pg_catalog.pg_largeobject_metadata LIMIT 1") is null)
        {
            return [];
        }

        string?[] row = session.Query(
            "SELECT oid, pg_relation_size(oid), pg_relation_size(oid) / current_setting('block_size')::int, current_setting('block_size')::int / 4 FROM pg_class WHERE oid = 'pg_catalog.pg_largeobject'::regclass")[0];
        return Number(row[3]) == LargeObjects.PageBytes
            ? [new SourceTable(row[0]!, LargeObjects.Table, LargeObjects.Columns, null, false, false, Number(row[1]), Number(row[2])) { Types = LargeObjects.ColumnTypes }]
            : throw new AiShellException(ErrorKind.Failed, "The server was built with an unusual block size, with which large objects cannot be backed up.", "Use pg_dump.");
    }

    private static DatabaseProperties Properties(WireSession session)
    {
        string provider = session.ServerVersion >= FirstWithProvider ? "datlocprovider" : "'c'";
        string locale = session.ServerVersion >= FirstWithBuiltinLocale ? "datlocale" : session.ServerVersion >= FirstWithProvider ? "daticulocale" : "NULL";
        string?[] row = session.Query(
            $"SELECT pg_encoding_to_char(encoding), datcollate, datctype, {provider}, {locale}, nullif(spcname, 'pg_default'), {(session.ServerVersion >= FirstWithIcuRules ? "daticurules" : "NULL")} FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE datname = current_database()")[0];
        return new DatabaseProperties(row[0]!, row[1]!, row[2]!, row[3] switch { "i" => "icu", "b" => "builtin", _ => "libc" }, row[4]) { Tablespace = row[5], IcuRules = row[6] };
    }

    private static Dictionary<string, int> Counts(WireSession session)
    {
        string?[] row = session.Query(
            $"""
            SELECT count(*) FILTER (WHERE c.relkind IN ('i', 'I')), count(*) FILTER (WHERE c.relkind = 'v'), count(*) FILTER (WHERE c.relkind = 'm'),
                   count(*) FILTER (WHERE c.relkind = 'S'), count(*) FILTER (WHERE c.relkind = 'f'), count(*) FILTER (WHERE c.relkind = 'p')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {UserSchema} AND {NotOfExtension}
            """)[0];
        string[] names = ["indexes", "views", "materialized views", "sequences", "foreign tables", "partitioned tables"];
        var counts = names.Index().ToDictionary(name => name.Item, name => (int)Number(row[name.Index]));
        counts["functions"] = (int)Number(session.Scalar($"SELECT count(*) FROM pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace WHERE {UserSchema} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = c.oid AND d.deptype = 'e')"));
        counts["triggers"] = (int)Number(session.Scalar($"SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND {UserSchema}"));
        counts["large objects"] = (int)Number(session.Scalar("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata"));
        return counts;
    }

    private static long Number(string? text) => text is null ? 0 : long.Parse(text, CultureInfo.InvariantCulture);
}
