using AiShell.Engines.MySql.Schema;
using AiShell.Engines.MySql.Snapshot;

namespace AiShell.Engines.MySql.Restore;

/// <summary>In whose name views, triggers and routines run: as the backup has it, of one account for all, or of whoever restores.</summary>
internal sealed class Definers
{
    private static readonly string[] WithDefiner =
        [SourceObjects.View, SourceObjects.Function, SourceObjects.Procedure, SourceObjects.Package, SourceObjects.PackageBody, SourceObjects.Trigger, SourceObjects.Event];

    private readonly bool _keeps;
    private readonly string _clause;

    private Definers(bool keeps, string clause)
    {
        _keeps = keeps;
        _clause = clause;
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the account is none.</exception>
    public static Definers Of(TargetOptions options) =>
        options.Definer is { } account ? new Definers(false, $"DEFINER={Quote(account)} ") : new Definers(options.KeepOwners, "");

    /// <summary><c>user@host</c>; a host is any when it is left out.</summary>
    public static (string User, string Host) Parse(string account)
    {
        int at = account.LastIndexOf('@');
        (string user, string host) = at < 0 ? (account, "%") : (account[..at], account[(at + 1)..]);
        return user.Length > 0 && host.Length > 0 ? (user.Trim('\'', '`'), host.Trim('\'', '`')) : throw new AiShellException(
            ErrorKind.Usage, $"'{account}' is no account.", "Write it as user@host.");
    }

    /// <param name="kind">Of the entry that the statement is from.</param>
    public string Rewrite(string kind, string statement)
    {
        if (_keeps || !WithDefiner.Contains(kind) || !statement.StartsWith("CREATE ", StringComparison.OrdinalIgnoreCase))
        {
            return statement;
        }

        return Definer.Find(statement) is { } definer
            ? $"{statement[..definer.Clause]}{_clause}{statement[definer.End..].TrimStart()}"
            : statement.Insert(Definer.PlaceIn(statement), _clause);
    }

    private static string Quote(string account)
    {
        (string user, string host) = Parse(account);
        return $"{SqlText.Quote(user)}@{SqlText.Quote(host)}";
    }
}
