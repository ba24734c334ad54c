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

    /// <summary>
    /// Begins a transaction that empties the table, after which rows may come frozen. False, and no transaction, for what has rows
    /// already, as tables have that an extension fills.
    /// </summary>
    public static bool BeginFreezing(WireSession session, TableName table)
    {
        if (table == LargeObjects.Table || session.Scalar($"SELECT 1 FROM ONLY {SqlText.Quote(table)} LIMIT 1") is not null)
        {
            return false;
        }

        session.Execute($"BEGIN; TRUNCATE ONLY {SqlText.Quote(table)}");
        return true;
    }

    /// <summary>The server's things.</summary>
    public static GlobalsScript ReadGlobals(BackupPart part, Stream plain)
    {
        GlobalsScript? script = null;
        Guard(part, () => script = GlobalsScript.Read(plain));
        return script!;
    }

    /// <summary>Loads the rows of a part by COPY; returns how many the server has taken.</summary>
    /// <param name="scratchDirectory">For what a reader has to put aside.</param>
    /// <param name="freeze">After <see cref="BeginFreezing"/>, in its transaction.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged or has not as many rows as it should.</exception>
    public static long LoadRows(WireSession session, BackupPart part, Stream plain, string scratchDirectory, bool freeze)
    {
        using RowReader rows = OpenRows(part, plain, scratchDirectory);
        if (part.Table == LargeObjects.Table && session.Scalar("SELECT to_regclass('pg_temp.ai_shell_large_objects')") is null)
        {
            session.Execute(LargeObjects.ViewStatements);
        }

        CopyIn copy = session.BeginCopyIn(
            $"COPY {SqlText.Quote(LargeObjects.Destination(part.Table!))} {CopyHeader.List(rows.Columns)}FROM STDIN{(freeze ? " (FREEZE)" : "")}");
        Guard(part, () => rows.ReadRows(copy.Write));
        long count = copy.Complete();
        return count == part.Rows ? count : throw PartDamage.Of(part, new InvalidDataException($"it has {count:N0} rows instead of {part.Rows:N0}"));
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
