using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Schema;

/// <summary>
/// What a database uses of its server: the accounts that have privileges on it, themselves or by a role, or own its objects, and the roles
/// that these have. An account's own entry is what it is outside this database; what it may do in it follows the objects, without the
/// database's name.
/// </summary>
/// <param name="Accounts">Entries of the globals part: <see cref="User"/> and <see cref="Role"/>.</param>
/// <param name="OnDatabase">What goes last of all.</param>
/// <param name="LostColumns">Privileges are on them, and they are not there any more.</param>
internal sealed record Grants(IReadOnlyList<ScriptEntry> Accounts, IReadOnlyList<DatabaseGrant> OnDatabase, IReadOnlyCollection<string> LostColumns)
{
    public const string User = "USER";
    public const string Role = "ROLE";

    /// <summary>As <see cref="ISnapshot.Globals"/> and <see cref="ISnapshot.Requires"/>.</summary>
    public const string Users = "users";
    public const string Roles = "roles";

    private const string Everybody = "PUBLIC";

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

    /// <summary>Privileges are on it, and it is not there any more.</summary>
    /// <param name="hasRoutines">The catalogue has all of them; otherwise it is not known which are there.</param>
    public IReadOnlyList<string> FindLost(SourceCatalogue catalogue, bool hasRoutines)
    {
        var there = catalogue.Relations.Select(name => DatabaseGrant.KeyOf(SchemaScript.Table, name))
            .Concat(catalogue.Objects.Select(source => DatabaseGrant.KeyOf(source.Kind, source.Name))).ToHashSet();
        return [.. OnDatabase.Where(grant => !grant.IsFree && (hasRoutines || grant.Kind.Length == 0) && !there.Contains(grant.Key)).Select(grant => grant.Subject!).Concat(LostColumns).Distinct().Order(StringComparer.Ordinal)];
    }

    private sealed class Reader(MySqlSession session, string database, int next)
    {
        private readonly List<ScriptEntry> _accounts = [];
        private readonly List<DatabaseGrant> _grants = [];
        private readonly SortedSet<string> _lostColumns = new(StringComparer.Ordinal);
        private readonly HashSet<(string, string)> _seen = [];
        private readonly Dictionary<string, HashSet<string>> _columns = new(StringComparer.Ordinal);
        private int _next = next;

        public Grants Read(IEnumerable<string> definers)
        {
            const string Here = "Db = DATABASE()";
            HashSet<(string User, string Host)> accounts =
            [
                .. session.Query(
                    $"SELECT User, Host FROM mysql.db WHERE DATABASE() LIKE Db UNION SELECT User, Host FROM mysql.tables_priv WHERE {Here} UNION SELECT User, Host FROM mysql.columns_priv WHERE {Here} UNION SELECT User, Host FROM mysql.procs_priv WHERE {Here}")
                    .Select(row => (row[0]!, row[1]!)),
                .. definers.Select(account => (account[..account.LastIndexOf('@')], account[(account.LastIndexOf('@') + 1)..])),
            ];
            AddMembers(accounts);
            foreach ((string user, string host) in accounts.Where(account => account.User.Length > 0).OrderBy(account => account.User, StringComparer.Ordinal).ThenBy(account => account.Host, StringComparer.Ordinal))
            {
                Add(user, host);
            }

            return new Grants([.. _accounts.OrderByDescending(entry => entry.Header.Kind == Role)], _grants, _lostColumns);
        }

        /// <summary>Those who have one of the roles, and so what it may do.</summary>
        private void AddMembers(HashSet<(string User, string Host)> accounts)
        {
            if (session.Features.RoleMembers is not { } members)
            {
                return;
            }

            var byRole = session.Query(members).ToLookup(row => (row[0]!, row[1]!), row => (row[2]!, row[3]!));
            Queue<(string, string)> open = new(accounts);
            while (open.TryDequeue(out (string, string) role))
            {
                foreach ((string, string) member in byRole[role].Where(accounts.Add))
                {
                    open.Enqueue(member);
                }
            }
        }

        private void Add(string user, string host)
        {
            bool isRole = host.Length == 0 && session.Features.IsMariaDb;
            bool isEverybody = isRole && user == Everybody;
            string account = isEverybody ? user : isRole ? SqlText.Quote(user) : $"{SqlText.Quote(user)}@{SqlText.Quote(host)}";
            if (OfServers.Contains(user) || !_seen.Add((user, host)) || (isEverybody ? "" : ReadMaking(account, user, host, isRole)) is not { } making)
            {
                return;
            }

            string name = host.Length > 0 ? $"{user}@{host}" : user;
            List<string> outside = [making];
            foreach (string grant in session.Query($"SHOW GRANTS FOR {account}").Select(row => row[0]!))
            {
                Sort(grant, account, name, outside);
            }

            if (!isEverybody)
            {
                _accounts.Add(ScriptEntry.Create(_next++, isRole ? Role : User, "", name, string.Concat(outside.Select(statement => $"{statement};\n"))));
            }
        }

        /// <returns>Null for an account that is not there: a definer may be gone.</returns>
        private string? ReadMaking(string account, string user, string host, bool isRole)
        {
            if (isRole)
            {
                return session.Scalar($"SELECT 1 FROM mysql.user WHERE CONCAT('`', REPLACE(User, '`', '``'), '`') = {SqlText.Literal(account)} AND is_role = 'Y'") is null ? null : $"CREATE ROLE IF NOT EXISTS {account}";
            }

            try
            {
                string shown = session.Scalar($"SHOW CREATE USER {account}")!;
                return $"CREATE USER IF NOT EXISTS {WithCertificate(shown["CREATE USER ".Length..], user, host)}";
            }
            catch (ServerError error) when (error.Number is 1141 or 1396 or 1133 or 3162)
            {
                return null;
            }
        }

        /// <summary>MySQL shows what the account's certificate must have as it is, quotes within quotes.</summary>
        private string WithCertificate(string shown, string user, string host)
        {
            if (session.Features.IsMariaDb || session.Query($"SELECT x509_subject, x509_issuer FROM mysql.user WHERE User = {SqlText.Literal(user)} AND Host = {SqlText.Literal(host)}") is not [var names])
            {
                return shown;
            }

            foreach ((string word, string? name) in new[] { (" SUBJECT ", names[0]), (" ISSUER ", names[1]) }.Where(one => !string.IsNullOrEmpty(one.Item2)))
            {
                string raw = $"{word}'{name}'";
                int at = shown.IndexOf(raw, StringComparison.Ordinal);
                shown = at < 0 ? shown : $"{shown[..at]}{word}'{name!.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'{shown[(at + raw.Length)..]}";
            }

            return shown;
        }

        private void Sort(string grant, string account, string name, List<string> outside)
        {
            List<SqlToken> tokens = SqlLexer.Tokens(grant);
            int on = DatabaseGrant.Find(tokens, "ON");
            int to = DatabaseGrant.Find(tokens, "TO");
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
            else if (tokens[on + 1].Text == "*")
            {
                // The password is in CREATE USER.
                outside.Add($"{grant[..tokens[on].End]} *.* TO {account}{DatabaseGrant.OptionOf(grant)}");
            }
            else if (DatabaseGrant.Parse(grant, tokens, on, to, account, name, database)?.WithColumns(IsThere) is { } inside)
            {
                _grants.Add(inside);
            }
        }

        /// <summary>A privilege on a column stays when the column goes, and could not be given again.</summary>
        private bool IsThere(string table, string column)
        {
            if (!_columns.TryGetValue(table, out HashSet<string>? columns))
            {
                columns = session.Query($"SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {SqlText.Literal(table)}")
                    .Select(row => row[0]!).ToHashSet(StringComparer.OrdinalIgnoreCase);
                _columns.Add(table, columns);
            }

            bool isThere = columns.Count == 0 || columns.Contains(column); // where the table is not there nothing is kept
            if (!isThere)
            {
                _lostColumns.Add(column);
            }

            return isThere;
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
    }
}
