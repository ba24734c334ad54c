using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Snapshot;

/// <summary>
/// What of a snapshot's schema was dropped or renamed since its moment. pg_dump sees the rows of the catalogue by the snapshot, but asks the
/// server for definitions, which knows only what is there now: it fails, or writes a function without its result.
/// </summary>
internal static class SchemaChanges
{
    // Of what is gone these functions give the bare number, '???' or NULL.
    private const string Changed =
        """
        SELECT name FROM (
          SELECT format('%I.%I', n.nspname, c.relname) AS name, c.oid::regclass::text = format('%I.%I', n.nspname, c.relname) AS stays, c.relkind IN ('i', 'I') AS silent, n.nspname
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          UNION ALL
          SELECT format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), starts_with(p.oid::regprocedure::text, format('%I.%I(', n.nspname, p.proname)), true, n.nspname
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          UNION ALL
          SELECT format('%I.%I', n.nspname, t.typname), t.oid::regtype::text <> '???', true, n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typrelid = 0 AND t.typelem = 0
          UNION ALL
          SELECT format('%I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid) IS NOT NULL, true, n.nspname FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
        ) o
        WHERE NOT stays AND (silent OR NOT $1::boolean) AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' ORDER BY 1 LIMIT 1
        """;

    /// <summary>Throws when something is gone whose definition pg_dump reads without an error when it is.</summary>
    /// <param name="session">Within the snapshot.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>.</exception>
    public static void RequireNone(WireSession session)
    {
        if (Find(session, silentOnly: true) is { } change)
        {
            throw Explain(change, null);
        }
    }

    /// <summary>The reason for a failure, where it is a change; otherwise the failure itself.</summary>
    public static async Task<AiShellException> ExplainAsync(ExportedSnapshot snapshot, AiShellException failure, CancellationToken cancellationToken)
    {
        try
        {
            string? change = await snapshot.UseAsync(
                "schema", session => ServerErrors.RunAsync(session, "schema", open => Find(open, silentOnly: false), cancellationToken), cancellationToken);
            return change is null ? failure : Explain(change, failure);
        }
        catch (AiShellException)
        {
            return failure; // the server cannot be asked any more, and the first failure is the one to tell
        }
    }

    private static string? Find(WireSession session, bool silentOnly) => session.Scalar(Changed, silentOnly ? "true" : "false");

    private static AiShellException Explain(string change, AiShellException? failure) => new(
        ErrorKind.Busy,
        $"The schema changed while it was read: '{change}' was dropped or renamed.",
        "Try again when the schema is at rest, or let the backup try for longer with --lock-wait.",
        failure);
}
