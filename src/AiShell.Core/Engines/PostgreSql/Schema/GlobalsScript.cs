using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.PostgreSql.Schema;

/// <summary>What a statement of pg_dumpall's is about.</summary>
internal enum GlobalsSubject
{
    /// <summary>A setting of the session that runs the script.</summary>
    Session,
    Role,
    Membership,
    Parameter,
    Tablespace,
}

/// <param name="Names">The role or tablespace that it makes or changes; of a membership both roles; of a parameter the role that may set it, or none for all.</param>
/// <param name="Undo">What takes it back where dropping the role does not; null otherwise.</param>
/// <param name="Creates">It makes the thing, the others change it.</param>
internal sealed record GlobalsStatement(GlobalsSubject Subject, IReadOnlyList<string> Names, bool Creates, string Sql, string? Undo = null);

/// <summary>
/// The statements of <c>pg_dumpall --globals-only --quote-all-identifiers</c>, found by the rules of SQL's quotes. A statement of a kind
/// that pg_dumpall does not write is an error: what is not known is not run on a server.
/// </summary>
internal sealed partial class GlobalsScript
{
    public const string Roles = "roles";
    public const string Passwords = "passwords";
    public const string Tablespaces = "tablespaces";

    private GlobalsScript(IReadOnlyList<GlobalsStatement> statements) => Statements = statements;

    public IReadOnlyList<GlobalsStatement> Statements { get; }

    /// <summary>As <see cref="ISnapshot.Globals"/>: the roles, those of them that have their passwords in it, the tablespaces.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Names => new Dictionary<string, IReadOnlyList<string>>
    {
        [Roles] = Sorted(statement => statement is { Subject: GlobalsSubject.Role, Creates: true }),
        [Passwords] = Sorted(statement => statement.Subject == GlobalsSubject.Role && Password().IsMatch(statement.Sql)),
        [Tablespaces] = Sorted(statement => statement is { Subject: GlobalsSubject.Tablespace, Creates: true }),
    };

    /// <exception cref="InvalidDataException">It is not what pg_dumpall writes.</exception>
    public static GlobalsScript Parse(string text) => new([.. Split(text).Select(Recognise)]);

    /// <summary>As <see cref="Parse"/>, of a whole part.</summary>
    public static GlobalsScript Read(Stream plain)
    {
        using MemoryStream text = new();
        plain.CopyTo(text);
        try
        {
            return Parse(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text.GetBuffer(), 0, (int)text.Length));
        }
        catch (DecoderFallbackException failure)
        {
            throw new InvalidDataException("it is not UTF-8", failure);
        }
    }

    private static GlobalsStatement Recognise(string sql)
    {
        if (OfRole().Match(sql) is { Success: true } role)
        {
            return new GlobalsStatement(GlobalsSubject.Role, NamesIn(role), role.Groups["create"].Success, sql);
        }

        if (OfTablespace().Match(sql) is { Success: true } tablespace)
        {
            return new GlobalsStatement(GlobalsSubject.Tablespace, NamesIn(tablespace), tablespace.Groups["create"].Success, sql);
        }

        if (OfMembership().Match(sql) is { Success: true } membership)
        {
            return new GlobalsStatement(GlobalsSubject.Membership, NamesIn(membership), false, sql);
        }

        if (OfParameter().Match(sql) is { Success: true } parameter)
        {
            string undo = $"REVOKE ALL ON PARAMETER {parameter.Groups["parameter"].Value} FROM {parameter.Groups["role"].Value}";
            return new GlobalsStatement(GlobalsSubject.Parameter, NamesIn(parameter), false, sql, undo);
        }

        return OfSession().IsMatch(sql)
            ? new GlobalsStatement(GlobalsSubject.Session, [], false, sql)
            : throw new InvalidDataException($"a statement is none of pg_dumpall's: '{(sql.Length > 80 ? $"{sql[..80]}…" : sql)}'");
    }

    private string[] Sorted(Func<GlobalsStatement, bool> which) => [.. Statements.Where(which).Select(statement => statement.Names[0]).Order(StringComparer.Ordinal).Distinct()];

    private static string[] NamesIn(Match match) =>
        [.. match.Groups["name"].Captures.Select(name => name.Value[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal))];

    /// <summary>Statements end at a semicolon outside quotes. Between them stand comments, and psql's own commands, which begin a line.</summary>
    private static IEnumerable<string> Split(string text)
    {
        for (int at = 0; (at = NextStart(text, at)) < text.Length;)
        {
            int end = EndOf(text, at);
            yield return text[at..end];
            at = end;
        }
    }

    private static int NextStart(string text, int at)
    {
        while (at < text.Length)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            else if (text[at] == '\\' || text.AsSpan(at).StartsWith("--"))
            {
                int end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else
            {
                return at;
            }
        }

        return at;
    }

    /// <summary>Behind the semicolon that ends the statement which begins at <paramref name="start"/>.</summary>
    private static int EndOf(string text, int start)
    {
        char quote = '\0';
        bool escapes = false;
        for (int at = start; at < text.Length; at++)
        {
            char letter = text[at];
            if (quote != '\0')
            {
                bool doubled = letter == quote && at + 1 < text.Length && text[at + 1] == quote;
                quote = letter == quote && !doubled ? '\0' : quote;
                at += doubled || (escapes && letter == '\\') ? 1 : 0;
            }
            else if (letter is '\'' or '"')
            {
                quote = letter;
                escapes = letter == '\'' && at > start && text[at - 1] is 'E' or 'e';
            }
            else if (letter == ';')
            {
                return at + 1;
            }
        }

        throw new InvalidDataException("it ends within a statement");
    }

    private const string Name = "(?<name>\"(?:[^\"]|\"\")+\")";

    [GeneratedRegex($"^(?:(?<create>CREATE)|ALTER|COMMENT ON|SECURITY LABEL FOR \"(?:[^\"]|\"\")+\" ON) ROLE {Name}[ ;]", RegexOptions.CultureInvariant)]
    private static partial Regex OfRole();

    [GeneratedRegex($"^(?:(?<create>CREATE)|ALTER|COMMENT ON|SECURITY LABEL FOR \"(?:[^\"]|\"\")+\" ON|(?:GRANT|REVOKE) [A-Z ,]+ ON) TABLESPACE {Name}[ ;]", RegexOptions.CultureInvariant)]
    private static partial Regex OfTablespace();

    [GeneratedRegex($"^GRANT {Name} TO {Name}[ ;]", RegexOptions.CultureInvariant)]
    private static partial Regex OfMembership();

    [GeneratedRegex($"^(?:GRANT|REVOKE) [A-Z ,]+ ON PARAMETER (?<parameter>[\\w.\"]+) (?:TO|FROM) (?<role>{Name}|PUBLIC)[ ;]", RegexOptions.CultureInvariant)]
    private static partial Regex OfParameter();

    [GeneratedRegex("^SET (?:default_transaction_read_only|client_encoding|standard_conforming_strings) = ['\\w-]+;$", RegexOptions.CultureInvariant)]
    private static partial Regex OfSession();

    [GeneratedRegex("^ALTER ROLE \"(?:[^\"]|\"\")+\" WITH [^']*\\bPASSWORD E?'", RegexOptions.CultureInvariant)]
    private static partial Regex Password();
}
