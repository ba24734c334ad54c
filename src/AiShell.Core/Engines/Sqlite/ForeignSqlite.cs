using System.Text;
using System.Text.RegularExpressions;
using AiShell.Engines.Sqlite.Rows;
using Microsoft.Data.Sqlite;

namespace AiShell.Engines.Sqlite;

/// <summary>Recognises and loads files that others made: database files and SQL scripts for SQLite.</summary>
internal static partial class ForeignSqlite
{
    private static readonly ForeignFormat DatabaseFormat = new("sqlite", "SQLite database file", BackupFormat.Native);
    private static readonly ForeignFormat ScriptFormat = new("sqlite", "SQL script", BackupFormat.Sql);

    // Words that only other databases' dumps begin with.
    private static readonly string[] OtherDumps =
    [
        "PostgreSQL database dump", "PGDMP", "\\restrict", "\\connect", "SET statement_timeout", "pg_catalog.", "COPY public.",
        "MySQL dump", "MariaDB dump", "mysqldump", "/*!40", "/*!50", "/*M!", "ENGINE=InnoDB", "ENGINE=MyISAM", "phpMyAdmin", "mydumper",
        "SET NAMES ", "LOCK TABLES", "USE `", "DATABASE `", "USE [", "SET ANSI_NULLS",
    ];

    public static ForeignFormat? Recognise(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(PageHeader.Magic))
        {
            return DatabaseFormat;
        }

        string? text = Text(head);
        return text is not null && !OtherDumps.Any(mark => text.Contains(mark, StringComparison.OrdinalIgnoreCase)) && Beginning().IsMatch(text)
            ? ScriptFormat
            : null;
    }

    public static async Task LoadAsync(string scratch, ForeignFormat format, Stream content, CancellationToken cancellationToken)
    {
        if (format == DatabaseFormat)
        {
            await CopyFileAsync(scratch, content, cancellationToken);
            return;
        }

        await SqliteErrors.RunAsync(
            scratch,
            () =>
            {
                using SqliteConnection connection = SqliteSession.Open(scratch, SqliteAccess.Creator, TimeSpan.Zero);
                using CancellationTokenRegistration interrupt = SqliteSession.InterruptOn(connection, cancellationToken);
                SqliteSession.Execute(connection, "PRAGMA synchronous = OFF");
                SqlScript.RunForeign(connection, content, cancellationToken);
                return true;
            },
            cancellationToken);
    }

    private static async Task CopyFileAsync(string scratch, Stream content, CancellationToken cancellationToken)
    {
        await using (FileStream file = new(scratch, FileMode.Create, FileAccess.Write))
        {
            await content.CopyToAsync(file, cancellationToken);
        }

        PageHeader.RequireComplete(scratch, "The file");
        await SqliteErrors.RunAsync(
            scratch,
            () =>
            {
                using SqliteConnection connection = SqliteSession.Open(scratch, SqliteAccess.Immutable, TimeSpan.Zero);
                return SqliteSchema.Read(connection);
            },
            cancellationToken);
    }

    /// <summary>The head as text, without a last character cut in two; null if it is not text.</summary>
    private static string? Text(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("\uFEFF"u8))
        {
            head = head[3..];
        }

        if (head.Contains((byte)0))
        {
            return null;
        }

        for (int cut = 0; cut < 4 && cut <= head.Length; cut++)
        {
            if (System.Text.Unicode.Utf8.IsValid(head[..^cut]))
            {
                return Encoding.UTF8.GetString(head[..^cut]);
            }
        }

        return null;
    }

    /// <summary>After comments and white space, one of the statements that scripts for SQLite begin with.</summary>
    [GeneratedRegex(
        @"\A(?:\s|;|--[^\n]*(?:\n|\z)|/\*.*?\*/|\.dbconfig[^\n]*\n)*(?:PRAGMA\s+\w|BEGIN\b|SAVEPOINT\s|CREATE\s+(?:TEMP|TEMPORARY|TABLE|UNIQUE|INDEX|VIEW|TRIGGER|VIRTUAL)\b|INSERT\s+(?:OR\s+\w+\s+)?INTO\b|REPLACE\s+INTO\b|DROP\s+(?:TABLE|VIEW|INDEX|TRIGGER)\b|ANALYZE\b|DELETE\s+FROM\b|UPDATE\s|ALTER\s+TABLE\b)",
        RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Beginning();
}
