using System.Text.RegularExpressions;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// What SHOW CREATE TABLE says, taken apart where the server puts a new line: columns, keys, checks, foreign keys, options. Every
/// element stays as the server wrote it.
/// </summary>
/// <param name="Name">Quoted.</param>
/// <param name="Elements">In order.</param>
/// <param name="Options">What follows the closing bracket, partitions too.</param>
internal sealed partial record TableDefinition(string Name, IReadOnlyList<TableElement> Elements, string Options)
{
    private const string Separator = ",\n  ";

    /// <exception cref="FormatException">It is not what a server writes.</exception>
    public static TableDefinition Parse(string sql)
    {
        const string Start = "CREATE TABLE ";
        if (!sql.StartsWith(Start, StringComparison.Ordinal))
        {
            throw new FormatException("it does not begin with CREATE TABLE");
        }

        int nameEnd = SqlLexer.EndOfToken(sql, Start.Length);
        int open = sql.IndexOf('(', nameEnd);
        int close = SqlLexer.ClosingBracket(sql, open);
        return new TableDefinition(sql[Start.Length..nameEnd], [.. Split(sql[(open + 1)..close].Trim()).Select(TableElement.Parse)], sql[(close + 1)..].TrimStart());
    }

    /// <summary>The statement with only some of the elements, without its semicolon.</summary>
    public string Create(IEnumerable<TableElement> elements) =>
        $"CREATE TABLE {Name} (\n  {string.Join(Separator, elements.Select(element => element.Sql))}\n) {Options}".TrimEnd();

    /// <summary>Without the number that AUTO_INCREMENT goes on with.</summary>
    public TableDefinition WithoutCounter() => this with { Options = Counter().Replace(Options, "", 1) };

    [GeneratedRegex(@"(?<=^(?:/\*.*?\*/ )?ENGINE=\w+) AUTO_INCREMENT=[0-9]+")]
    private static partial Regex Counter();

    /// <summary>At the commas outside brackets and texts.</summary>
    public static IEnumerable<string> Split(string body)
    {
        int begin = 0;
        for (int at = 0; at < body.Length; at = body[at] == '(' ? SqlLexer.ClosingBracket(body, at) + 1 : SqlLexer.EndOfToken(body, at))
        {
            if (body[at] == ',')
            {
                yield return body[begin..at].Trim();
                begin = at + 1;
            }
        }

        yield return body[begin..].Trim();
    }
}

internal enum ElementKind
{
    Column,
    PrimaryKey,
    UniqueKey,
    Key,
    ForeignKey,

    /// <summary>A check or a period.</summary>
    Other,
}

/// <param name="Name">Of the column, key or constraint; empty where it has none.</param>
/// <param name="Columns">Of a key, without lengths and directions; a foreign key's own columns. A key over an expression has fewer.</param>
internal sealed record TableElement(ElementKind Kind, string Name, IReadOnlyList<string> Columns, string Sql)
{
    public bool IsSecondaryKey => Kind is ElementKind.UniqueKey or ElementKind.Key;

    public bool BeginsWith(string column) => Columns.Count > 0 && Columns[0] == column;

    public static TableElement Parse(string sql)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(sql);
        ElementKind kind = KindOf(tokens);
        string name = kind switch
        {
            ElementKind.PrimaryKey => "PRIMARY",
            ElementKind.Other => "",
            _ => SqlLexer.Unquote(tokens.First(token => token.IsName).Text),
        };
        int columns = kind switch
        {
            ElementKind.PrimaryKey or ElementKind.UniqueKey or ElementKind.Key => tokens.FindIndex(token => token.Text == "("),
            ElementKind.ForeignKey => tokens.FindIndex(token => token.Is("FOREIGN")) + 2,
            _ => -1,
        };
        return new TableElement(kind, name, columns < 0 ? [] : [.. ColumnsIn(tokens, columns)], sql);
    }

    /// <summary>The database, empty for its own, and the table that a foreign key refers to.</summary>
    public (string Database, string Table) Referenced()
    {
        List<SqlToken> tokens = SqlLexer.Tokens(Sql);
        int at = tokens.FindIndex(token => token.Is("REFERENCES")) + 1;
        return tokens[at + 1].Text == "."
            ? (SqlLexer.Unquote(tokens[at].Text), SqlLexer.Unquote(tokens[at + 2].Text))
            : ("", SqlLexer.Unquote(tokens[at].Text));
    }

    /// <summary>Of a column: whether it has this attribute, outside its texts.</summary>
    public bool Says(string word) => SqlLexer.Tokens(Sql).Exists(token => token.Is(word));

    private static ElementKind KindOf(List<SqlToken> tokens) => tokens[0] switch
    {
        { IsName: true } => ElementKind.Column,
        var first when first.Is("PRIMARY") => ElementKind.PrimaryKey,
        var first when first.Is("UNIQUE") => ElementKind.UniqueKey,
        var first when first.Is("CONSTRAINT") && tokens.Count > 2 && tokens[2].Is("FOREIGN") => ElementKind.ForeignKey,
        var first when first.Is("KEY") || first.Is("FULLTEXT") || first.Is("SPATIAL") || first.Is("VECTOR") => ElementKind.Key,
        _ => ElementKind.Other,
    };

    private static IEnumerable<string> ColumnsIn(List<SqlToken> tokens, int open)
    {
        int depth = 0;
        for (int at = open; at < tokens.Count; at++)
        {
            depth += tokens[at].Text switch { "(" => 1, ")" => -1, _ => 0 };
            if (depth == 0)
            {
                yield break;
            }

            if (depth == 1 && tokens[at].IsName)
            {
                yield return SqlLexer.Unquote(tokens[at].Text);
            }
        }
    }
}
