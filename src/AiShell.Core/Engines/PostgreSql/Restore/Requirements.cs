using AiShell.Engines.PostgreSql.Schema;
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

    // To give an object away takes SET of the role's membership, which is a part of any before 16; to fill it then takes what the role may.
    private const int FirstWithSetOption = 160000;

    private const string WithGlobalsHint = "Add --globals to make them from the backup. Or restore with --no-owner: everything is then the user's own, without grants, in the default tablespace.";

    private const string NoOwnerHint = "Make what is missing, or restore with --no-owner: everything is then the user's own, without grants, in the default tablespace.";

    public static IEnumerable<AiShellException> FindMissing(WireSession session, BackupContents contents, TargetOptions options)
    {
        if (contents.HasGlobals && FindGlobalsObstacle(session, contents, options) is { } obstacle)
        {
            yield return obstacle;
        }

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
            yield return new AiShellException(ErrorKind.Failed, $"The server has no role {Names(roles)}.", HintFor(contents, GlobalsScript.Roles, roles));
        }

        string[] tablespaces = Absent(session, "SELECT spcname FROM pg_tablespace", contents, Tablespaces);
        if (tablespaces.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The server has no tablespace {Names(tablespaces)}.", HintFor(contents, GlobalsScript.Tablespaces, tablespaces));
        }

        string[] others = Absent(session, $"SELECT rolname FROM pg_roles WHERE pg_has_role(oid, '{(session.ServerVersion >= FirstWithSetOption ? "SET" : "MEMBER")}') AND pg_has_role(oid, 'USAGE')", contents, Owners).Except(roles).ToArray();
        if (others.Length > 0)
        {
            yield return new AiShellException(ErrorKind.Failed, $"The user may not give objects to {Names(others)}.", "Restore as a superuser or a member of these roles who inherits their rights (GRANT <role> TO <user> WITH INHERIT TRUE, SET TRUE), or with --no-owner.");
        }
    }

    private static string HintFor(BackupContents contents, string kind, string[] missing) =>
        contents.Globals.GetValueOrDefault(kind) is { } kept && !missing.Except(kept).Any() ? WithGlobalsHint : NoOwnerHint;

    private static string[] Absent(WireSession session, string query, BackupContents contents, string kind)
    {
        if (contents.Requires.GetValueOrDefault(kind) is not { Count: > 0 } wanted)
        {
            return [];
        }

        HashSet<string> there = [.. session.Query(query).Select(row => row[0]!)];
        IEnumerable<string> coming = !contents.HasGlobals ? [] : (kind == Tablespaces ? contents.Globals.GetValueOrDefault(GlobalsScript.Tablespaces) : contents.Globals.GetValueOrDefault(GlobalsScript.Roles)) ?? [];
        there.UnionWith(kind == Extensions ? [] : coming);
        return [.. wanted.Where(name => !there.Contains(name))];
    }

    private static AiShellException? FindGlobalsObstacle(WireSession session, BackupContents contents, TargetOptions options)
    {
        if (options.IntoExisting)
        {
            return new AiShellException(ErrorKind.Usage, "--globals goes with a whole database, and this restore puts tables into one that stands.", "Leave it out; 'ai-shell backup export' writes the roles and tablespaces as a script of their own.");
        }

        (string[] roles, string[] tablespaces) = GlobalsRestore.FindMissing(session, contents);
        return roles.Length + tablespaces.Length == 0 || session.Scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t" ? null : new AiShellException(
            ErrorKind.Failed,
            $"The user may not make {string.Join(", ", GlobalsRestore.Describe(roles, tablespaces))}: that takes a superuser.",
            "Restore as a superuser, or have them made before and leave out --globals.");
    }

    private static string Names(string[] names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
