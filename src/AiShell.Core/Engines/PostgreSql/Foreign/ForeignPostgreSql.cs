using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.PostgreSql.Foreign;

/// <summary>Recognises what others made of PostgreSQL databases: pg_dump's archives and scripts for psql.</summary>
internal static partial class ForeignPostgreSql
{
    public static readonly ForeignFormat Archive = new("postgresql", "pg_dump archive", BackupFormat.Sql);
    public static readonly ForeignFormat Script = new("postgresql", "PostgreSQL script", BackupFormat.Sql);

    public static ForeignFormat? Recognise(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("PGDMP"u8))
        {
            return Archive;
        }

        return !head.Contains((byte)0) && Mark().IsMatch(Encoding.UTF8.GetString(head)) ? Script : null;
    }

    /// <summary>Words that stand in dumps of PostgreSQL and nowhere else: pg_dump's title, psql's commands, the server's own schema, COPY's data.</summary>
    [GeneratedRegex(
        @"^-- PostgreSQL database (?:cluster )?dump|^\\(?:restrict|connect|c)\s|\bpg_catalog\.|^COPY\s.{1,500}\sFROM\s+stdin\b|DB Server: PostgreSql",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Mark();
}
