using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Schema;

/// <summary>The two schema parts (docs/format.md). Whatever is named is in the session's database; its name is nowhere.</summary>
internal sealed record SchemaScript(IReadOnlyList<ScriptEntry> PreData, IReadOnlyList<ScriptEntry> PostData)
{
    public const string Sequence = "SEQUENCE";
    public const string SequenceSet = "SEQUENCE SET";
    public const string Table = "TABLE";
    public const string Keys = "KEYS";
    public const string ForeignKey = "FOREIGN KEY";

    /// <param name="takes">Tables, views and sequences by name.</param>
    /// <param name="whole">All tables are taken: then routines and events are too.</param>
    public static SchemaScript Build(SourceCatalogue catalogue, Func<string, bool> takes, bool whole)
    {
        Builder builder = new(catalogue);
        foreach (SourceSequence sequence in catalogue.Sequences.Where(sequence => takes(sequence.Name)))
        {
            builder.AddSequence(sequence);
        }

        (DefinedTable Table, TableScript Script)[] tables =
            [.. catalogue.Tables.Where(table => takes(table.Name)).Select(table => (table, TableScript.Build(table.Definition, catalogue.Database, RowKey.NameOf(table.Definition))))];
        foreach ((DefinedTable table, TableScript script) in tables)
        {
            builder.AddTable(table.Name, script);
        }

        foreach ((DefinedTable table, TableScript script) in tables.Where(table => table.Script.Keys.Length > 0))
        {
            builder.AddKeys(table.Name, script);
        }

        foreach ((DefinedTable table, TableScript script) in tables)
        {
            builder.AddForeignKeys(table.Name, script);
        }

        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.Package));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.Function or SourceObjects.Procedure));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.PackageBody));
        builder.AddViews(takes);
        builder.AddObjects(catalogue.Objects.Where(source => source.Kind == SourceObjects.Trigger && takes(source.Table!)));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind == SourceObjects.Event));
        return new SchemaScript(builder.PreData, builder.PostData);
    }

    /// <summary>For rows alone: the settings they need.</summary>
    public static SchemaScript ForRows(SourceCatalogue catalogue) => new([ScriptEntry.Create(0, DatabaseEntry.Kind, "", "database", DatabaseEntry.ToSql(catalogue.Properties, withSchema: false))], []);

    private sealed class Builder
    {
        private readonly SourceCatalogue _catalogue;
        private readonly Dictionary<string, int> _relations = new(StringComparer.Ordinal);
        private int _next;

        public Builder(SourceCatalogue catalogue)
        {
            _catalogue = catalogue;
            Add(PreData, DatabaseEntry.Kind, "database", DatabaseEntry.ToSql(catalogue.Properties, withSchema: true), []);
        }

        public List<ScriptEntry> PreData { get; } = [];

        public List<ScriptEntry> PostData { get; } = [];

        public void AddSequence(SourceSequence sequence)
        {
            _relations[sequence.Name] = Add(PreData, Sequence, sequence.Name, $"{sequence.Sql};\n", []);
            Add(
                PostData,
                SequenceSet,
                sequence.Name,
                $"DO SETVAL({SqlText.Quote(sequence.Name)}, {sequence.Next}, 0, {sequence.Round});\n",
                [_relations[sequence.Name]]);
        }

        public void AddTable(string name, TableScript script) => _relations[name] = Add(PreData, Table, name, $"{script.Table};\n", SequencesIn(script.Table));

        public void AddKeys(string name, TableScript script) => Add(PostData, Keys, name, $"{script.Keys};\n", [_relations[name]]);

        public void AddForeignKeys(string name, TableScript script)
        {
            // Where the other table is not taken the key would have nothing to refer to.
            foreach (ForeignKeyScript key in script.ForeignKeys.Where(key => key.Referenced is null || Find(key.Referenced) is not null))
            {
                int[] needs = key.Referenced is null ? [_relations[name]] : [_relations[name], Find(key.Referenced)!.Value];
                Add(PostData, ForeignKey, name, $"{key.Sql};\n", needs.Distinct());
            }
        }

        public void AddViews(Func<string, bool> takes)
        {
            var views = _catalogue.Objects.Where(source => source.Kind == SourceObjects.View && takes(source.Name)).ToDictionary(view => view.Name);
            foreach ((string name, IReadOnlyList<string> needs) in ViewOrder.Of(views.ToDictionary(view => view.Key, view => view.Value.Sql)))
            {
                IEnumerable<int> read = ViewOrder.RelationsIn(views[name].Sql).Where(_relations.ContainsKey).Select(relation => _relations[relation]);
                _relations[name] = Add(PostData, SourceObjects.View, name, ObjectScript.Of(views[name], _catalogue.Properties), read.Distinct());
            }
        }

        public void AddObjects(IEnumerable<SourceObject> objects)
        {
            foreach (SourceObject source in objects)
            {
                Add(PostData, source.Kind, source.Name, ObjectScript.Of(source, _catalogue.Properties), source.Table is null ? [] : [_relations[source.Table]]);
            }
        }

        private int Add(List<ScriptEntry> part, string kind, string name, string sql, IEnumerable<int> needs)
        {
            part.Add(ScriptEntry.Create(_next, kind, "", name, sql, needs));
            return _next++;
        }

        /// <summary>A foreign key may write a name in another case than the table's, where the server does not tell them apart.</summary>
        private int? Find(string table) => _relations.TryGetValue(table, out int id) ? id
            : _relations.FirstOrDefault(relation => relation.Key.Equals(table, StringComparison.OrdinalIgnoreCase)) is { Key: not null } other ? other.Value
            : null;

        private IEnumerable<int> SequencesIn(string table) => _catalogue.Sequences
            .Where(sequence => _relations.ContainsKey(sequence.Name) && table.Contains($"val({SqlText.Quote(sequence.Name)})", StringComparison.Ordinal))
            .Select(sequence => _relations[sequence.Name]);
    }
}
