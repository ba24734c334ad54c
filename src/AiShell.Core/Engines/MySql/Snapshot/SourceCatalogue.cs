using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Snapshot;

/// <summary>A table with what SHOW CREATE TABLE says of it.</summary>
/// <param name="Shown">As the server says it, without the number of its next row; compared again after the rows are read.</param>
internal sealed record DefinedTable(SourceTable Source, string Shown, TableDefinition Definition)
{
    /// <summary>Of which time rows are read: <c>FOR SYSTEM_TIME ALL</c>; empty for now.</summary>
    public string Period { get; init; } = "";

    public string Name => Source.Name.Name;
}

/// <param name="Sql">CREATE SEQUENCE.</param>
/// <param name="Next">What it gives next, and how often it has begun again.</param>
internal sealed record SourceSequence(string Name, string Sql, string Next, string Round)
{
    /// <summary>Whether a default of the table takes its values.</summary>
    public bool IsUsedIn(string table) => table.Contains($"val({SqlText.Quote(Name)})", StringComparison.Ordinal);
}

/// <summary>What a new database must be made with.</summary>
internal sealed record DatabaseProperties(string CharacterSet, string Collation, string Server, string SqlMode)
{
    public string? Comment { get; init; }

    /// <summary>What the database was called, and where in the server's binary log it stood: the log after a backup goes on from there, and names it. Null where there is no log.</summary>
    public string? Name { get; init; }

    /// <summary>As <see cref="Name"/>.</summary>
    public string? Position { get; init; }

    /// <summary>The server's <c>lower_case_table_names</c>, by which the log compares names.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int LowerCaseTableNames { get; init; }

    /// <summary>How many entries the two schema parts have together.</summary>
    public int Entries { get; init; }

    /// <summary>Rows of system-versioned tables come with the time in which they were current; a session that writes them needs system_versioning_insert_history.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool History { get; init; }
}

/// <summary>What a database holds but rows, as far as a backup asks for it.</summary>
/// <param name="Tables">All.</param>
/// <param name="Sequences">All.</param>
/// <param name="Views">The names of all.</param>
/// <param name="Objects">Those that the backup may take.</param>
internal sealed partial record SourceCatalogue(
    string Database,
    DatabaseProperties Properties,
    IReadOnlyList<DefinedTable> Tables,
    IReadOnlyList<SourceSequence> Sequences,
    IReadOnlyList<string> Views,
    IReadOnlyList<SourceObject> Objects)
{
    /// <summary>Views that refer to something that is not there any more: no statement could make them.</summary>
    public IReadOnlySet<string> Unusable { get; init; } = new HashSet<string>();

    private const int FirstWithComments = 100500;

    /// <summary>Whether both say the same of everything but estimates.</summary>
    public bool IsSameSchema(SourceCatalogue other) =>
        Properties == other.Properties
        && Tables.Select(table => (table.Name, table.Shown)).SequenceEqual(other.Tables.Select(table => (table.Name, table.Shown)))
        && Sequences.Select(sequence => sequence.Sql).SequenceEqual(other.Sequences.Select(sequence => sequence.Sql))
        && Objects.SequenceEqual(other.Objects);

    /// <summary>Names of all tables, sequences and views.</summary>
    public IReadOnlySet<string> Relations { get; } = Tables.Select(table => table.Name)
        .Concat(Sequences.Select(sequence => sequence.Name))
        .Concat(Views)
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads the session's default database as it stands.</summary>
    /// <exception cref="SchemaChanged">Something went meanwhile.</exception>
    public static SourceCatalogue Read(MySqlSession session, SnapshotOptions options)
    {
        string database = session.Scalar("SELECT DATABASE()")!;
        List<string?[]> relations = session.Query("SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()");
        DefinedTable[] tables = [.. ColumnListing.Read(session, database).Select(table => ReadTable(session, table, options.Tables.Takes(table.Name), options.WithHistory))];
        SourceSequence[] sequences = [.. OfType("SEQUENCE").Select(name => ReadSequence(session, name))];
        string[] views = [.. OfType("VIEW")];
        string[] taken = [.. views.Where(view => options.Tables.Takes(new TableName("", view)))];
        SourceObject[] objects = options.Scope == BackupScope.DataOnly ? []
            : [.. SourceObjects.Read(session, taken, ofTablesAlone: !options.Tables.TakesAll).Select(source => source with { Sql = Definer.WithoutImport(source.Sql) })];
        return new SourceCatalogue(database, ReadProperties(session) with { History = tables.Any(table => table.Period.Length > 0) }, tables, sequences, views, objects)
        {
            Unusable = objects.Where(source => source.Kind == SourceObjects.View && !SourceObjects.CanBeMade(session, source)).Select(view => view.Name).ToHashSet(),
        };

        IEnumerable<string> OfType(string type) => relations.Where(row => row[1] == type).Select(row => row[0]!).Order(StringComparer.Ordinal);
    }

    private static DefinedTable ReadTable(MySqlSession session, SourceTable table, bool isTaken, bool withHistory)
    {
        if (table.Engine.Length == 0)
        {
            return !isTaken ? new DefinedTable(table, "", new TableDefinition(SqlText.Quote(table.Name.Name), [], "")) : throw new AiShellException(
                ErrorKind.Failed, $"The table '{table.Name}' cannot be read by the server: it is damaged, or its storage engine is missing.", ServerErrors.RepairHint);
        }

        string shown = Show(session, table.Name.Name);
        TableDefinition definition = LostCharacters.Restore(session, TableDefinition.Parse(shown));
        return withHistory && isTaken && RowHistory.IsKept(definition)
            ? new DefinedTable(RowHistory.WithColumns(table, definition), WithoutCounter(shown), definition) { Period = RowHistory.Period }
            : new DefinedTable(table, WithoutCounter(shown), definition);
    }

    /// <summary>The number that the next row gets goes on while rows are added: that is no change of the table.</summary>
    public static string WithoutCounter(string shown) => Counter().Replace(shown, "");

    /// <exception cref="SchemaChanged">It is not there any more.</exception>
    public static string Show(MySqlSession session, string table)
    {
        try
        {
            string show = $"SHOW CREATE TABLE {SqlText.Quote(table)}";
            string shown = session.Query(show)[0][1]!;
            return session.Features.ShowsExactExpressions && LostCharacters.IsLost(shown) ? ShowRaw(session, show) : shown;
        }
        catch (ServerError error) when (SnapshotErrors.IsMissingTable(error))
        {
            throw new SchemaChanged(table, error);
        }
    }

    private static string ShowRaw(MySqlSession session, string show)
    {
        session.Execute("SET @ai_shell_results = @@character_set_results, character_set_results = NULL");
        byte[] shown = session.QueryBytes(show)[0][1]!;
        session.Execute("SET character_set_results = @ai_shell_results");
        return RawDefinition.Read(shown);
    }

    private static SourceSequence ReadSequence(MySqlSession session, string name)
    {
        try
        {
            string sql = session.Query($"SHOW CREATE SEQUENCE {SqlText.Quote(name)}")[0][1]!;
            string?[] state = session.Query($"SELECT next_not_cached_value, cycle_count FROM {SqlText.Quote(name)}")[0];
            return new SourceSequence(name, sql, state[0]!, state[1]!);
        }
        catch (ServerError error) when (SnapshotErrors.IsMissingTable(error))
        {
            throw new SchemaChanged(name, error);
        }
    }

    private static DatabaseProperties ReadProperties(MySqlSession session)
    {
        string comment = session.Features is { IsMariaDb: true, Version: >= FirstWithComments } ? "SCHEMA_COMMENT" : "''";
        string?[] row = session.Query($"SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, @@global.sql_mode, {comment}, @@lower_case_table_names FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()")[0];
        return new DatabaseProperties(row[0]!, row[1]!, session.ServerVersionText, row[2]!)
        {
            Comment = row[3] is { Length: > 0 } text ? text : null,
            LowerCaseTableNames = int.Parse(row[4]!, CultureInfo.InvariantCulture),
        };
    }

    [GeneratedRegex(" AUTO_INCREMENT=[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Counter();
}
