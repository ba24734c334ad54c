using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.MySql.Foreign;

/// <summary>Recognises what others made of MySQL and MariaDB databases: scripts for the stock client.</summary>
internal static partial class ForeignMySql
{
    public static readonly ForeignFormat Script = new("mysql", "MySQL script", BackupFormat.Sql);

    public static ForeignFormat? Recognise(ReadOnlySpan<byte> head) =>
        !head.Contains((byte)0) && Mark().IsMatch(Encoding.UTF8.GetString(head)) ? Script : null;

    /// <summary>Words that stand in dumps of MySQL and MariaDB and nowhere else: titles, versioned comments, storage engines, names in backticks.</summary>
    [GeneratedRegex(
        @"^-- (?:MySQL|MariaDB) dump |^/\*M?!\d{5,6}|\bENGINE\s*=\s*(?:InnoDB|MyISAM|Aria|MEMORY)\b|^(?:CREATE TABLE|INSERT INTO|DROP TABLE IF EXISTS|LOCK TABLES) (?:IF NOT EXISTS )?`|^USE `|^DELIMITER \S|^-- phpMyAdmin SQL Dump|^-- ai-shell \{.*""kind"":""DATABASE"".*\r?\n-- database \{",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Mark();
}
