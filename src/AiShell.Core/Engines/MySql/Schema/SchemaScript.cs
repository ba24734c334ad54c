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

    /// <summary>As <see cref="ISnapshot.Requires"/>: that <see cref="CaseTwins"/> can be there together.</summary>
    public const string ToldApartByCase = "namesToldApartByCase";

    /// <summary>Of the tables, primary keys too.</summary>
    public int Indexes { get; private init; }

    /// <summary>The number of all entries of both parts.</summary>
    public int Count => PreData.Count + PostData.Count;

    /// <summary>As <see cref="ISnapshot.Objects"/>.</summary>
    public IReadOnlyDictionary<string, int> CountObjects()
    {
        ILookup<string, ScriptEntry> entries = PreData.Concat(PostData).ToLookup(entry => entry.Header.Kind);
        return new Dictionary<string, int>
        {
            ["indexes"] = Indexes,
            ["foreign keys"] = entries[ForeignKey].Count(),
            ["sequences"] = entries[Sequence].Count(),
            ["views"] = entries[SourceObjects.View].Count(),
            ["functions"] = entries[SourceObjects.Function].Count(),
            ["procedures"] = entries[SourceObjects.Procedure].Count(),
            ["libraries"] = entries[SourceObjects.Library].Count(),
            ["packages"] = entries[SourceObjects.Package].Count(),
            ["triggers"] = entries[SourceObjects.Trigger].Count(),
            ["events"] = entries[SourceObjects.Event].Count(),
        };
    }

    /// <summary>Accounts in whose name objects run, as <see cref="Definer.Account"/>.</summary>
    public IReadOnlyList<string> Definers =>
    [
        .. PostData.Where(entry => entry.Sql.Contains("DEFINER=", StringComparison.Ordinal))
            .SelectMany(entry => ScriptStatements.Split(entry.Sql)).Select(Definer.Find).OfType<Definer>()
            .Select(definer => definer.Account).Distinct().Order(StringComparer.Ordinal),
    ];

    /// <summary>Tables, sequences and views that a server which does not tell names apart by case would take for one.</summary>
    public IReadOnlyList<string> CaseTwins =>
    [
        .. PreData.Concat(PostData).Where(entry => entry.Header.Kind is Table or Sequence or SourceObjects.View)
            .GroupBy(entry => entry.Header.Name.ToLowerInvariant()).Where(names => names.Skip(1).Any())
            .SelectMany(names => names).Select(entry => entry.Header.Name).Order(StringComparer.Ordinal),
    ];

    public static SchemaScript Build(SourceCatalogue catalogue, SnapshotOptions options)
    {
        bool whole = options.Tables.TakesAll;
        bool withRows = options.Scope == BackupScope.All;
        (DefinedTable Table, TableScript Script)[] tables =
        [
            .. catalogue.Tables.Where(table => options.Tables.Takes(table.Source.Name))
                .Select(table => (table, TableScript.Build(withRows ? table.Definition : table.Definition.WithoutCounter(), catalogue.Database, RowKey.NameOf(table.Definition)))),
        ];
        bool Takes(string name) => options.Tables.Takes(new TableName("", name));

        Builder builder = new(catalogue);
        foreach (SourceSequence sequence in catalogue.Sequences.Where(sequence => Takes(sequence.Name) || tables.Any(table => sequence.IsUsedIn(table.Script.Table))))
        {
            builder.AddSequence(sequence, withRows);
        }

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

        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.Library or SourceObjects.Package));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.Function or SourceObjects.Procedure));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind is SourceObjects.PackageBody));
        builder.AddViews(Takes);
        builder.AddObjects(catalogue.Objects.Where(source => source.Kind == SourceObjects.Trigger && Takes(source.Table!)));
        builder.AddObjects(catalogue.Objects.Where(source => whole && source.Kind == SourceObjects.Event));
        int indexes = tables.Sum(table => table.Table.Definition.Elements.Count(element => element.IsSecondaryKey || element.Kind == ElementKind.PrimaryKey));
        return (new SchemaScript(builder.PreData, builder.PostData) { Indexes = indexes }).WithCount(catalogue.Properties, withSchema: true);
    }

    /// <summary>For rows alone: the settings they need.</summary>
    public static SchemaScript ForRows(SourceCatalogue catalogue) =>
        new SchemaScript([ScriptEntry.Create(0, DatabaseEntry.Kind, "", "database", "")], []).WithCount(catalogue.Properties, withSchema: false);

    /// <summary>With what accounts may do, at the end; not with what is on something that is not in the script.</summary>
    /// <param name="next">The first free number of an entry.</param>
    public SchemaScript With(IReadOnlyList<DatabaseGrant> grants, int next, DatabaseProperties properties)
    {
        var numbers = PreData.Concat(PostData).Select(entry => (Key: DatabaseGrant.KeyOf(entry.Header.Kind, entry.Header.Name), entry.Header.Id))
            .Where(entry => entry.Key is not null).ToDictionary(entry => entry.Key!.Value, entry => entry.Id);
        List<ScriptEntry> last = [];
        foreach (DatabaseGrant grant in grants)
        {
            bool isIn = numbers.TryGetValue(grant.Key, out int number);
            if (isIn || grant.IsFree)
            {
                last.Add(ScriptEntry.Create(next++, DatabaseGrant.EntryKind, "", grant.Name, grant.Sql, isIn ? [number] : []));
            }
        }

        return last.Count == 0 ? this : (this with { PostData = [.. PostData, .. last] }).WithCount(properties, withSchema: true);
    }

    /// <summary>The first entry says how many there are, so that a missing part is seen.</summary>
    private SchemaScript WithCount(DatabaseProperties properties, bool withSchema) => this with
    {
        PreData =
        [
            ScriptEntry.Create(PreData[0].Header.Id, DatabaseEntry.Kind, "", PreData[0].Header.Name, DatabaseEntry.ToSql(properties with { Entries = Count }, withSchema)),
            .. PreData.Skip(1),
        ],
    };

    private sealed class Builder
    {
        private readonly SourceCatalogue _catalogue;
        private readonly Dictionary<string, int> _relations = new(StringComparer.Ordinal);
        private int _next;

        public Builder(SourceCatalogue catalogue)
        {
            _catalogue = catalogue;
            Add(PreData, DatabaseEntry.Kind, "database", "", []);
        }

        public List<ScriptEntry> PreData { get; } = [];

        public List<ScriptEntry> PostData { get; } = [];

        public void AddSequence(SourceSequence sequence, bool withValue)
        {
            _relations[sequence.Name] = Add(PreData, Sequence, sequence.Name, $"{sequence.Sql};\n", []);
            if (withValue)
            {
                Add(PostData, SequenceSet, sequence.Name, $"DO SETVAL({SqlText.Quote(sequence.Name)}, {sequence.Next}, 0, {sequence.Round});\n", [_relations[sequence.Name]]);
            }
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
            var views = _catalogue.Objects.Where(source => source.Kind == SourceObjects.View).ToDictionary(view => view.Name);
            foreach ((string name, _) in ViewOrder.Of(views.ToDictionary(view => view.Key, view => view.Value.Sql)))
            {
                // A view of something that is not taken, or is not there at all, could not be made.
                string[] relations = [.. ViewOrder.RelationsIn(views[name].Sql).Where(relation => _catalogue.Relations.Contains(relation))];
                if (!takes(name) || _catalogue.Unusable.Contains(name) || !relations.All(_relations.ContainsKey))
                {
                    continue;
                }

                IEnumerable<int> read = relations.Select(relation => _relations[relation]);
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
            .Where(sequence => _relations.ContainsKey(sequence.Name) && sequence.IsUsedIn(table))
            .Select(sequence => _relations[sequence.Name]);
    }
}
