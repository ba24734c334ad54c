using AiShell.Engines.PostgreSql.Schema;
using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Restore;

/// <summary>Takes a backup's parts apart on their way into a database; what is wrong with them is told as damage of the part.</summary>
internal static class PartLoading
{
    /// <summary>The entries of a schema part, one at a time.</summary>
    public static IEnumerable<ScriptEntry> ReadEntries(BackupPart part, Stream plain)
    {
        using IEnumerator<ScriptEntry> entries = ScriptReader.Read(plain).GetEnumerator();
        while (true)
        {
            try
            {
                if (!entries.MoveNext())
                {
                    yield break;
                }
            }
            catch (InvalidDataException damage)
            {
                throw PartDamage.Of(part, damage);
            }

            yield return entries.Current;
        }
    }

    /// <summary>The server's things.</summary>
    public static GlobalsScript ReadGlobals(BackupPart part, Stream plain)
    {
        GlobalsScript? script = null;
        Guard(part, () => script = GlobalsScript.Read(plain));
        return script!;
    }

    /// <summary>Loads the rows of a part by COPY.</summary>
    /// <param name="scratchDirectory">For what a reader has to put aside.</param>
    /// <param name="mayFreeze">Nobody else sees the table, and it has no other part: rows that come frozen need no second writing (manual, COPY, FREEZE).</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged or has not as many rows as it should.</exception>
    public static void LoadRows(WireSession session, BackupPart part, Stream plain, string scratchDirectory, bool mayFreeze)
    {
        using RowReader rows = OpenRows(part, plain, scratchDirectory);
        bool isLargeObjects = part.Table == LargeObjects.Table;
        if (isLargeObjects && session.Scalar("SELECT to_regclass('pg_temp.ai_shell_large_objects')") is null)
        {
            session.Execute(LargeObjects.ViewStatements);
        }

        string statement = $"COPY {SqlText.Quote(LargeObjects.Destination(part.Table!))} {CopyHeader.List(rows.Columns)}FROM STDIN";

        // It takes a table that was emptied in the same transaction, so none that an extension has filled.
        bool freeze = mayFreeze && !isLargeObjects && session.Scalar($"SELECT 1 FROM ONLY {SqlText.Quote(part.Table!)} LIMIT 1") is null;
        if (freeze)
        {
            session.Execute($"BEGIN; TRUNCATE ONLY {SqlText.Quote(part.Table!)}");
            statement += " (FREEZE)";
        }

        CopyIn copy = session.BeginCopyIn(statement);
        Guard(part, () => rows.ReadRows(copy.Write));
        long count = copy.Complete();
        if (freeze)
        {
            session.Execute("COMMIT");
        }

        if (count != part.Rows)
        {
            throw PartDamage.Of(part, new InvalidDataException($"it has {count:N0} rows instead of {part.Rows:N0}"));
        }
    }

    private static RowReader OpenRows(BackupPart part, Stream plain, string scratchDirectory)
    {
        RowReader? rows = null;
        Guard(part, () =>
        {
            rows = RowFormats.CreateReader(part, plain, scratchDirectory);
            rows.ReadHeader();
        });
        return rows!;
    }

    private static void Guard(BackupPart part, Action read)
    {
        try
        {
            read();
        }
        catch (InvalidDataException damage)
        {
            throw PartDamage.Of(part, damage);
        }
    }
}
