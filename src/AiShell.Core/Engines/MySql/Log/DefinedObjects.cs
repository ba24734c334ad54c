using System.Text;
using AiShell.Engines.MySql.Schema;

namespace AiShell.Engines.MySql.Log;

/// <summary>A name in a statement.</summary>
/// <param name="Database">As written before the point, else the session's default database; empty for none.</param>
/// <param name="Name">Empty where the database itself is meant.</param>
internal readonly record struct ObjectName(string Database, string Name)
{
    public string Quoted => SqlText.Quote(Database, Name);
}

/// <summary>
/// What a logged definition (DDL) defines. A statement may name databases other than the session's, so a database's history cannot be told by that alone.
/// </summary>
/// <param name="Verb">The first word, in capitals.</param>
/// <param name="Kind">What is defined: TABLE, VIEW, DATABASE and so on.</param>
/// <param name="Objects">What is made, altered or dropped.</param>
/// <param name="NewNames">Of RENAME: for each object the name that it gets.</param>
internal sealed record DefinedObjects(string Verb, string Kind, IReadOnlyList<ObjectName> Objects, IReadOnlyList<ObjectName> NewNames)
{
    /// <summary>Nothing of a database: accounts, upkeep, temporary tables.</summary>
    public static readonly DefinedObjects None = new("", "", [], []);

    private static readonly HashSet<string> OfNoDatabase = new(StringComparer.OrdinalIgnoreCase)
    {
        "GRANT", "REVOKE", "SET", "ANALYZE", "OPTIMIZE", "REPAIR", "CHECK", "FLUSH", "COMMENT",
    };

    private static readonly HashSet<string> ServerKinds = new(StringComparer.OrdinalIgnoreCase)
    {
        "USER", "ROLE", "SERVER", "TEMPORARY", "TABLESPACE", "LOGFILE", "UNDO", "INSTANCE", "RESOURCE", "PREPARE", "REFERENCE",
    };

    private static readonly HashSet<string> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        "TABLE", "TABLES", "VIEW", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "SEQUENCE", "DATABASE", "SCHEMA", "INDEX", "PACKAGE", "USER", "ROLE", "SERVER", "TEMPORARY", "TABLESPACE", "LOGFILE", "UNDO", "INSTANCE", "RESOURCE", "PREPARE", "LIBRARY", "REFERENCE",
    };

    public bool IsRename => NewNames.Count > 0;

    /// <summary>Everything that the statement names.</summary>
    public IEnumerable<ObjectName> All => Objects.Concat(NewNames);

    /// <summary>Something of another database comes into this one: what it is, this one's log does not say.</summary>
    public bool BringsInto(string database) => IsRename
        ? Objects.Zip(NewNames).Any(pair => pair.First.Database != database && pair.Second.Database == database)
        : Verb == "ALTER" && Concerns(database) && Objects.Any(name => name.Database != database);

    public bool Concerns(string database) => All.Any(name => name.Database == database);

    /// <returns>Null where it is not understood.</returns>
    public static DefinedObjects? Of(LoggedStatement statement)
    {
        try
        {
            return new Reading(WordsOf(statement), statement.Database).Read();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The statement's tokens without comments, but with what is in those that the server runs. Quoted ones keep their quotes.</summary>
    /// <exception cref="FormatException">Something is not closed.</exception>
    public static List<string> WordsOf(LoggedStatement statement)
    {
        List<string> words = [];
        Flatten(Encoding.UTF8.GetString(statement.Text), words);
        return words;
    }

    /// <summary>Whether a token is the name.</summary>
    public static bool IsName(string word, string name) => Unquote(word) == name;

    /// <summary>Whether a database's name stands anywhere in a statement, outside of texts and comments.</summary>
    public static bool IsNamed(LoggedStatement statement, string database)
    {
        try
        {
            return WordsOf(statement).Any(word => IsName(word, database));
        }
        catch (FormatException)
        {
            return true;
        }
    }

    /// <summary>The tokens; those in a comment that the server runs are among them.</summary>
    private static void Flatten(string sql, List<string> words)
    {
        for (int start = 0; start < sql.Length;)
        {
            int end = SqlLexer.EndOfToken(sql, start);
            string token = sql[start..end];
            if (token.StartsWith("/*!", StringComparison.Ordinal) || token.StartsWith("/*M!", StringComparison.Ordinal))
            {
                Flatten(token[(token.IndexOf('!', StringComparison.Ordinal) + 1)..^2].TrimStart("0123456789".ToCharArray()), words);
            }
            else if (!char.IsWhiteSpace(token[0]) && token[0] != '#' && !token.StartsWith("/*", StringComparison.Ordinal) && !(token.Length > 1 && token.StartsWith("--", StringComparison.Ordinal)))
            {
                words.Add(token);
            }

            start = end;
        }
    }

    private static string Unquote(string word) => word is ['"', .., '"'] ? word[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : SqlLexer.Unquote(word);

    /// <summary>Reads the head of a statement, word by word.</summary>
    private sealed class Reading(List<string> words, string database)
    {
        private int _at;

        public DefinedObjects? Read()
        {
            string verb = Next().ToUpperInvariant();
            if (verb == "SET" && Peek("STATEMENT"))
            {
                while (!Take("FOR"))
                {
                    Next();
                }

                verb = Next().ToUpperInvariant();
            }

            if (OfNoDatabase.Contains(verb))
            {
                return None;
            }

            if (verb == "TRUNCATE")
            {
                Take("TABLE");
                return new DefinedObjects(verb, "TABLE", [Name()], []);
            }

            if (verb is not ("CREATE" or "ALTER" or "DROP" or "RENAME"))
            {
                return null;
            }

            string kind = Kind();
            return ServerKinds.Contains(kind) || (kind == "FUNCTION" && words.Contains("SONAME", StringComparer.OrdinalIgnoreCase)) ? None : verb switch
            {
                "CREATE" => new DefinedObjects(verb, kind, [Created(kind)], []),
                "ALTER" => Altered(kind),
                "DROP" => Dropped(kind),
                _ => Renamed(kind),
            };
        }

        /// <summary>What stands between the verb and the kind (OR REPLACE, DEFINER = …, UNIQUE) is passed over.</summary>
        private string Kind()
        {
            string kind;
            while (!Kinds.Contains(kind = Next()))
            {
            }

            kind = kind.ToUpperInvariant();
            Take("BODY");
            return kind switch { "SCHEMA" => "DATABASE", "TABLES" => "TABLE", _ => kind };
        }

        private ObjectName Created(string kind)
        {
            SkipIfExists();
            return kind switch { "DATABASE" => new ObjectName(Identifier(), ""), "INDEX" => NameAfter("ON"), _ => Name() };
        }

        private DefinedObjects Altered(string kind)
        {
            SkipIfExists();
            if (kind == "DATABASE")
            {
                bool isNamed = !(Peek("CHARACTER") || Peek("CHARSET") || Peek("DEFAULT") || Peek("COLLATE") || Peek("COMMENT") || Peek("UPGRADE") || Peek("ENCRYPTION") || Peek("READ"));
                return new DefinedObjects("ALTER", kind, [new ObjectName(isNamed ? Identifier() : database, "")], []);
            }

            ObjectName altered = Name();
            List<ObjectName> others = [];
            int depth = 0;
            while (_at < words.Count)
            {
                string word = Next();
                depth += word switch { "(" => 1, ")" => -1, _ => 0 };
                if (depth == 0 && kind is "TABLE" or "EVENT" && Is(word, "RENAME") && !(Peek("COLUMN") || Peek("INDEX") || Peek("KEY")))
                {
                    _ = Take("TO") || Take("AS") || Take("=");
                    return new DefinedObjects("ALTER", kind, [altered], [Name()]);
                }

                if (depth == 0 && Is(word, "EXCHANGE") && Take("PARTITION"))
                {
                    Next();
                    others.Add(Take("WITH") && Take("TABLE") ? Name() : throw new FormatException("a partition is exchanged with nothing"));
                }

                if (kind != "TABLE" && kind != "EVENT")
                {
                    break; // its body is of no interest
                }

                if (kind == "EVENT" && Is(word, "DO"))
                {
                    break;
                }
            }

            return new DefinedObjects("ALTER", kind, [altered, .. others], []);
        }

        private DefinedObjects Dropped(string kind)
        {
            SkipIfExists();
            if (kind == "DATABASE")
            {
                return new DefinedObjects("DROP", kind, [new ObjectName(Identifier(), "")], []);
            }

            if (kind == "INDEX")
            {
                return new DefinedObjects("DROP", kind, [NameAfter("ON")], []);
            }

            List<ObjectName> dropped = [Name()];
            while (Take(","))
            {
                dropped.Add(Name());
            }

            return new DefinedObjects("DROP", kind, dropped, []);
        }

        private DefinedObjects Renamed(string kind)
        {
            SkipIfExists();
            List<ObjectName> from = [];
            List<ObjectName> to = [];
            do
            {
                from.Add(Name());
                while (!Take("TO"))
                {
                    Next(); // WAIT 5
                }

                to.Add(Name());
            }
            while (Take(","));
            return new DefinedObjects("RENAME", kind, from, to);
        }

        private ObjectName NameAfter(string word)
        {
            while (!Take(word))
            {
                Next();
            }

            return Name();
        }

        private ObjectName Name()
        {
            string first = Identifier();
            return Take(".") ? new ObjectName(first, Identifier()) : new ObjectName(database, first);
        }

        private string Identifier()
        {
            string word = Next();
            return word[0] is '`' or '"' || char.IsAsciiLetterOrDigit(word[0]) || word[0] is '_' or '$' || word[0] > 127 ? Unquote(word) : throw new FormatException($"'{word}' is no name");
        }

        private void SkipIfExists()
        {
            if (Take("IF"))
            {
                Take("NOT");
                _ = Take("EXISTS") ? true : throw new FormatException("IF what");
            }
        }

        private bool Take(string word)
        {
            bool isNext = Peek(word);
            _at += isNext ? 1 : 0;
            return isNext;
        }

        private bool Peek(string word) => _at < words.Count && Is(words[_at], word);

        private string Next() => _at < words.Count ? words[_at++] : throw new FormatException("the statement ends early");

        private static bool Is(string word, string other) => word.Equals(other, StringComparison.OrdinalIgnoreCase);
    }
}
