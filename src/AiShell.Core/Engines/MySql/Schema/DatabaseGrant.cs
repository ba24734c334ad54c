using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Schema;

/// <summary>What an account may do with the database, or with one thing in it: a line of SHOW GRANTS taken apart.</summary>
/// <param name="Account">As statements name it.</param>
/// <param name="Name">As entries name it: <c>user@host</c>, or a role's.</param>
/// <param name="Kind">PROCEDURE, FUNCTION, LIBRARY, PACKAGE, PACKAGE BODY; empty for tables, sequences and views, and for the database.</param>
/// <param name="Subject">What it is on; null for the database.</param>
/// <param name="Option">WITH GRANT OPTION, or empty.</param>
internal sealed record DatabaseGrant(string Account, string Name, IReadOnlyList<DatabasePrivilege> Privileges, string Kind, string? Subject, string Option)
{
    public const string EntryKind = "GRANT";

    /// <summary>The database is the session's. Before MariaDB 11.4 packages are known under one sql_mode only.</summary>
    public string Sql
    {
        get
        {
            string grant = $"GRANT {string.Join(", ", Privileges)} ON {(Kind.Length > 0 ? $"{Kind} " : "")}{(Subject is null ? "*" : SqlText.Quote(Subject))} TO {Account}{Option};\n";
            return Kind is SourceObjects.Package or SourceObjects.PackageBody ? $"SET sql_mode = 'ORACLE';\n{grant}SET sql_mode = '{DatabaseEntry.SqlMode}';\n" : grant;
        }
    }

    /// <summary>It is on nothing that would have to be there: on the database, or with the privilege to make a table.</summary>
    public bool IsFree => Subject is null || (Kind.Length == 0 && Privileges.Any(privilege => privilege.Text == "CREATE"));

    /// <summary>As <see cref="KeyOf"/>.</summary>
    public (string Kind, string Name) Key => (Kind, Kind.Length == 0 ? Subject ?? "" : Subject!.ToUpperInvariant());

    /// <summary>What tells the things apart that privileges may be on; null for other kinds of entries. Names of routines are the same in any case.</summary>
    public static (string Kind, string Name)? KeyOf(string kind, string name) => kind switch
    {
        SchemaScript.Table or SchemaScript.Sequence or SourceObjects.View => ("", name),
        SourceObjects.Function or SourceObjects.Procedure or SourceObjects.Library or SourceObjects.Package or SourceObjects.PackageBody => (kind, name.ToUpperInvariant()),
        _ => null,
    };

    /// <returns>Null if it is on another database.</returns>
    public static DatabaseGrant? Parse(string grant, List<SqlToken> tokens, int on, int to, string account, string name, string database)
    {
        int at = on + 1;
        while (at < to && !tokens[at].IsName)
        {
            at++;
        }

        string kind = grant[tokens[on].End..tokens[at].Start].Trim();
        return SqlText.Matches(SqlLexer.Unquote(tokens[at].Text), database)
            ? new DatabaseGrant(account, name, DatabasePrivilege.Parse(grant, tokens, on), kind, tokens[at + 2].Text == "*" ? null : SqlLexer.Unquote(tokens[at + 2].Text), OptionOf(grant))
            : null;
    }

    public static string OptionOf(string grant) => grant.EndsWith("WITH GRANT OPTION", StringComparison.Ordinal) ? " WITH GRANT OPTION" : "";

    /// <summary>The first such word outside of brackets; below 0 for none.</summary>
    public static int Find(List<SqlToken> tokens, string word)
    {
        int depth = 0;
        for (int at = 0; at < tokens.Count; at++)
        {
            depth += tokens[at].Text switch { "(" => 1, ")" => -1, _ => 0 };
            if (depth == 0 && tokens[at].Is(word))
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>With the columns that are there.</summary>
    /// <returns>Null where nothing is left.</returns>
    public DatabaseGrant? WithColumns(Func<string, string, bool> isThere)
    {
        DatabasePrivilege[] left =
        [
            .. Privileges.Select(privilege => privilege with { Columns = [.. privilege.Columns.Where(column => isThere(Subject!, column))] })
                .Where((privilege, index) => privilege.Columns.Count > 0 || Privileges[index].Columns.Count == 0),
        ];
        return left.Length > 0 ? this with { Privileges = left } : null;
    }
}

/// <param name="Text"><c>SELECT</c>, <c>ALTER ROUTINE</c>.</param>
/// <param name="Columns">Those that it is on; empty for all.</param>
internal sealed record DatabasePrivilege(string Text, IReadOnlyList<string> Columns)
{
    /// <summary>What stands before the word ON.</summary>
    public static IReadOnlyList<DatabasePrivilege> Parse(string grant, List<SqlToken> tokens, int on)
    {
        List<DatabasePrivilege> privileges = [];
        for (int first = 1; first < on;)
        {
            int last = first; // excluded
            while (last < on && tokens[last].Text is not ("," or "("))
            {
                last++;
            }

            int end = last; // the comma after it
            List<string> columns = [];
            while (end < on && (tokens[end].Text != "," || tokens[last].Text == "("))
            {
                if (tokens[end].IsName)
                {
                    columns.Add(SqlLexer.Unquote(tokens[end].Text));
                }

                end++;
                if (tokens[end - 1].Text == ")")
                {
                    break;
                }
            }

            privileges.Add(new DatabasePrivilege(grant[tokens[first].Start..tokens[last - 1].End], columns));
            first = end + 1;
        }

        return privileges;
    }

    public override string ToString() => Columns.Count == 0 ? Text : $"{Text} ({string.Join(", ", Columns.Select(SqlText.Quote))})";
}
