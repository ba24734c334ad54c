using System.Text.RegularExpressions;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// What a database uses of its server: the accounts that have privileges on it or own its objects, and the roles that these have. An
/// account's own entry is what it is outside this database; what it may do in it follows the objects, without the database's name.
/// </summary>
/// <param name="Accounts">Entries of the globals part: <see cref="User"/> and <see cref="Role"/>.</param>
/// <param name="OnDatabase">Entries that go last of all.</param>
internal sealed record Grants(IReadOnlyList<ScriptEntry> Accounts, IReadOnlyList<ScriptEntry> OnDatabase)
{
    public const string User = "USER";
    public const string Role = "ROLE";
    public const string Grant = "GRANT";

    /// <summary>As <see cref="ISnapshot.Globals"/> and <see cref="ISnapshot.Requires"/>.</summary>
    public const string Users = "users";
    public const string Roles = "roles";

    private static readonly string[] OfServers = ["mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema"];

    /// <param name="definers">As <see cref="Definer.Account"/>.</param>
    /// <param name="next">The first free number of an entry.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the user may not see the accounts.</exception>
    public static Grants Read(MySqlSession session, string database, IEnumerable<string> definers, int next)
    {
        try
        {
            if (session.Features.HasHexadecimalHashes)
            {
                session.Execute("SET SESSION print_identified_with_as_hex = ON"); // the hash of caching_sha2_password has bytes that are no text
            }

            return new Reader(session, database, next).Read(definers);
        }
        catch (ServerError error) when (SnapshotErrors.IsDenied(error))
        {
            throw new AiShellException(
                ErrorKind.Failed, "The accounts of the server may not be read by this user.", "Grant SELECT on mysql.*, or back up without --globals.", error);
        }
    }

    private sealed class Reader(MySqlSession session, string database, int next)
    {
        private readonly List<ScriptEntry> _accounts = [];
        private readonly List<ScriptEntry> _grants = [];
        private readonly HashSet<(string, string)> _seen = [];
        private int _next = next;

        public Grants Read(IEnumerable<string> definers)
        {
            const string Here = "Db = DATABASE()";
            List<(string User, string Host)> accounts =
            [
                .. session.Query(
                    $"SELECT User, Host FROM mysql.db WHERE DATABASE() LIKE Db UNION SELECT User, Host FROM mysql.tables_priv WHERE {Here} UNION SELECT User, Host FROM mysql.columns_priv WHERE {Here} UNION SELECT User, Host FROM mysql.procs_priv WHERE {Here}")
                    .Select(row => (row[0]!, row[1]!)),
                .. definers.Select(account => (account[..account.LastIndexOf('@')], account[(account.LastIndexOf('@') + 1)..])),
            ];
            foreach ((string user, string host) in accounts.Where(account => account.User.Length > 0).OrderBy(account => account.User, StringComparer.Ordinal).ThenBy(account => account.Host, StringComparer.Ordinal))
            {
                Add(user, host);
            }

            return new Grants([.. _accounts.OrderByDescending(entry => entry.Header.Kind == Role)], _grants);
        }

        private void Add(string user, string host)
        {
            bool isRole = host.Length == 0 && session.Features.IsMariaDb;
            string account = isRole ? SqlText.Quote(user) : $"{SqlText.Quote(user)}@{SqlText.Quote(host)}";
            if (OfServers.Contains(user) || !_seen.Add((user, host)) || ReadMaking(account, isRole) is not { } making)
            {
                return;
            }

            List<string> outside = [making];
            List<string> inside = [];
            foreach (string grant in session.Query($"SHOW GRANTS FOR {account}").Select(row => row[0]!))
            {
                Sort(grant, account, outside, inside);
            }

            _accounts.Add(Entry(isRole ? Role : User, user, host, outside));
            if (inside.Count > 0)
            {
                _grants.Add(Entry(Grant, user, host, inside));
            }
        }

        /// <returns>Null for an account that is not there: a definer may be gone.</returns>
        private string? ReadMaking(string account, bool isRole)
        {
            if (isRole)
            {
                return session.Scalar($"SELECT 1 FROM mysql.user WHERE CONCAT('`', REPLACE(User, '`', '``'), '`') = {SqlText.Literal(account)} AND is_role = 'Y'") is null ? null : $"CREATE ROLE IF NOT EXISTS {account}";
            }

            try
            {
                string shown = session.Scalar($"SHOW CREATE USER {account}")!;
                return $"CREATE USER IF NOT EXISTS {shown["CREATE USER ".Length..]}";
            }
            catch (ServerError error) when (error.Number is 1141 or 1396 or 1133 or 3162)
            {
                return null;
            }
        }

        private void Sort(string grant, string account, List<string> outside, List<string> inside)
        {
            List<SqlToken> tokens = SqlLexer.Tokens(grant);
            int on = Find(tokens, "ON");
            int to = Find(tokens, "TO");
            if (tokens[0].Is("SET"))
            {
                outside.Add(grant);
            }
            else if (to < 0 || !grant.AsSpan(tokens[to + 1].Start).StartsWith(account, StringComparison.Ordinal))
            {
                return; // what a role of his may do is told with his own
            }
            else if (tokens[1].Is("PROXY") || (on > 0 && tokens[1].Is("USAGE") && tokens[on + 1].Text == "*"))
            {
                return; // in whose name he may log in is the server's own, and USAGE says nothing
            }
            else if (on < 0)
            {
                AddRoles(tokens, to);
                outside.Add(grant);
            }
            else
            {
                // The password is in CREATE USER.
                string option = grant.EndsWith("WITH GRANT OPTION", StringComparison.Ordinal) ? " WITH GRANT OPTION" : "";
                string privileges = grant[..tokens[on].End];
                if (tokens[on + 1].Text == "*")
                {
                    outside.Add($"{privileges} *.* TO {account}{option}");
                }
                else if (ObjectOf(grant, tokens, on, to) is { } subject)
                {
                    inside.Add($"{privileges} {subject} TO {account}{option}");
                }
            }
        }

        /// <summary>Those that he has come too.</summary>
        private void AddRoles(List<SqlToken> tokens, int to)
        {
            for (int at = 1; at < to; at++)
            {
                if (tokens[at].IsName)
                {
                    bool hasHost = tokens[at + 1].Text == "@";
                    Add(SqlLexer.Unquote(tokens[at].Text), hasHost ? SqlLexer.Unquote(tokens[at + 2].Text) : "");
                    at += hasHost ? 2 : 0;
                }
            }
        }

        /// <summary>What is granted on, without the database: <c>*</c>, <c>`t`</c>, <c>PROCEDURE `p`</c>; null if it is of another database.</summary>
        private string? ObjectOf(string grant, List<SqlToken> tokens, int on, int to)
        {
            int name = on + 1;
            while (name < to && !tokens[name].IsName)
            {
                name++;
            }

            string pattern = SqlLexer.Unquote(tokens[name].Text);
            string kind = grant[tokens[on].End..tokens[name].Start].Trim();
            return Matches(pattern) ? $"{(kind.Length > 0 ? $"{kind} " : "")}{tokens[name + 2].Text}" : null;
        }

        /// <summary>As LIKE does; the server compares them so too.</summary>
        private bool Matches(string pattern) => Regex.IsMatch(
            database,
            $"^{Regex.Replace(pattern, @"\\?.", letter => letter.Value switch { "%" => ".*", "_" => ".", ['\\', var escaped] => Regex.Escape(escaped.ToString()), var plain => Regex.Escape(plain) }, RegexOptions.Singleline)}$",
            RegexOptions.Singleline);

        private ScriptEntry Entry(string kind, string user, string host, IEnumerable<string> statements) =>
            ScriptEntry.Create(_next++, kind, "", host.Length > 0 ? $"{user}@{host}" : user, string.Concat(statements.Select(statement => $"{statement};\n")));

        private static int Find(List<SqlToken> tokens, string word)
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
    }
}
