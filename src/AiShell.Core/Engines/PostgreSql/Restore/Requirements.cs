using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>What a backup says it needs of a server, against what the server has.</summary>
internal static class Requirements
{
    public const string Roles = "roles";
    public const string Owners = "owners";
    public const string PolicyRoles = "policyRoles";
    public const string Extensions = "extensions";
    public const string Tablespaces = "tablespaces";

    private const string NoOwnerHint = "Make what is missing, or restore with --no-owner: everything is then the user's own, without grants, in the default tablespace.";

    public static IEnumerable<AiShellException> FindMissing(WireSession session, BackupContents contents, TargetOptions options)
    {
        string[] extensions = Absent(session, "SELECT name FROM pg_available_extensions", contents, Extensions);
        if (extensions.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The server has no extension {Names(extensions)}.", "Install its package on the server, of the server's own major version.");
        }

        if (!options.KeepOwners)
        {
            string[] policies = Absent(session, "SELECT rolname FROM pg_roles", contents, PolicyRoles);
            if (policies.Length > 0)
            {
                yield return new AiShellException(ErrorKind.Failed, $"The server has no role {Names(policies)}, for which the backup has row-level policies.", "CREATE ROLE it: without its policies the tables would show other rows.");
            }

            yield break;
        }

        string[] roles = Absent(session, "SELECT rolname FROM pg_roles", contents, Roles);
        if (roles.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The server has no role {Names(roles)}.", NoOwnerHint);
        }

        string[] tablespaces = Absent(session, "SELECT spcname FROM pg_tablespace", contents, Tablespaces);
        if (tablespaces.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The server has no tablespace {Names(tablespaces)}.", NoOwnerHint);
        }

        string[] others = Absent(session, "SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')", contents, Owners).Except(roles).ToArray();
        if (others.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The user may not give objects to {Names(others)}.", "Restore as a superuser or a member of these roles, or with --no-owner.");
        }
    }

    private static string[] Absent(WireSession session, string query, BackupContents contents, string kind)
    {
        if (contents.Requires.GetValueOrDefault(kind) is not { Count: > 0 } wanted)
        {
            return [];
        }

        HashSet<string> there = [.. session.Query(query).Select(row => row[0]!)];
        return [.. wanted.Where(name => !there.Contains(name))];
    }

    private static string Names(string[] names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
