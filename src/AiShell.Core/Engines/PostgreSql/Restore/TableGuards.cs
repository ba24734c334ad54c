using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>
/// Foreign keys and triggers of tables whose rows are replaced. The keys go before and come again after, at which the server checks every
/// row by them; triggers do not fire, for what they would do is in the rows already. All in the caller's transaction.
/// </summary>
internal sealed class TableGuards
{
    // A key of a partition hangs from the one of its parent, which is what can be dropped and added.
    private const string ForeignKeys =
        """
        WITH RECURSIVE upwards AS (
          SELECT oid, conparentid FROM pg_constraint WHERE contype = 'f' AND (conrelid = ANY ($1::oid[]) OR confrelid = ANY ($1::oid[]))
          UNION SELECT p.oid, p.conparentid FROM pg_constraint p JOIN upwards u ON p.oid = u.conparentid)
        SELECT format('%I.%I', n.nspname, c.relname), format('%I', k.conname), pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'), k.conrelid
        FROM upwards u JOIN pg_constraint k ON k.oid = u.oid JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.conparentid = 0 ORDER BY 1, 2
        """;

    private const string Triggers =
        """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I', t.tgname), t.tgenabled, c.oid
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D' ORDER BY 1, 2
        """;

    private readonly List<string> _again = [];

    /// <summary>Takes them off.</summary>
    /// <param name="tables">All tables whose rows are replaced.</param>
    /// <param name="remade">Those of them that are dropped and made again: what is theirs comes from the backup.</param>
    public static TableGuards Lift(WireSession session, IReadOnlyCollection<StandingTable> tables, IReadOnlyCollection<StandingTable> remade)
    {
        TableGuards guards = new();
        string oids = $"{{{string.Join(',', tables.Select(table => table.Oid))}}}";
        HashSet<string> gone = [.. remade.Select(table => table.Oid)];
        foreach (string?[] key in session.Query(ForeignKeys, oids))
        {
            session.Execute($"ALTER TABLE {key[0]} DROP CONSTRAINT {key[1]}");
            if (!gone.Contains(key[4]!))
            {
                guards._again.Add($"ALTER TABLE {key[0]} ADD CONSTRAINT {key[1]} {key[2]}");
                if (key[3] is { } comment)
                {
                    guards._again.Add($"COMMENT ON CONSTRAINT {key[1]} ON {key[0]} IS {SqlText.Literal(comment)}");
                }
            }
        }

        foreach (string?[] trigger in session.Query(Triggers, oids).Where(trigger => !gone.Contains(trigger[3]!)))
        {
            session.Execute($"ALTER TABLE ONLY {trigger[0]} DISABLE TRIGGER {trigger[1]}");
            guards._again.Add($"ALTER TABLE ONLY {trigger[0]} ENABLE {trigger[2] switch { "R" => "REPLICA ", "A" => "ALWAYS ", _ => "" }}TRIGGER {trigger[1]}");
        }

        return guards;
    }

    /// <summary>Puts them back.</summary>
    /// <exception cref="ServerError">Rows do not agree with a key, which the message names.</exception>
    public void PutBack(WireSession session)
    {
        foreach (string statement in _again)
        {
            session.Execute(statement);
        }
    }
}
