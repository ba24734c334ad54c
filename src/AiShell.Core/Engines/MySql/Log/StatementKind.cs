using System.Text;

namespace AiShell.Engines.MySql.Log;

/// <summary>What a statement in the log does.</summary>
internal enum StatementKind
{
    /// <summary>BEGIN, or MySQL's XA START.</summary>
    Begin,

    /// <summary>COMMIT or ROLLBACK of the whole transaction.</summary>
    End,

    /// <summary>Within a transaction: SAVEPOINT, ROLLBACK TO, XA END.</summary>
    Control,

    /// <summary>XA COMMIT or XA ROLLBACK: of what was prepared before.</summary>
    XaEnd,

    /// <summary>Defines something, or is about no rows at all.</summary>
    Definition,

    /// <summary>MySQL's CREATE TABLE … START TRANSACTION: the rows follow.</summary>
    DefinitionWithRows,

    /// <summary>Changes rows, or may; run again it need not do the same.</summary>
    Change,
}

internal static class StatementKinds
{
    private const int MostForFirstWords = 4096;

    private static readonly HashSet<string> Definitions = new(StringComparer.Ordinal)
    {
        "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "SET", "ANALYZE", "OPTIMIZE", "REPAIR", "CHECK", "FLUSH", "COMMENT",
    };

    /// <summary>What is not known is a change: better told than lost.</summary>
    public static StatementKind Of(LoggedStatement statement)
    {
        string[] first = [.. Words(statement, Math.Min(statement.Text.Length, MostForFirstWords)).Take(3)];
        return first switch
        {
            ["BEGIN"] or ["START", "TRANSACTION"] or ["XA", "START" or "BEGIN", ..] => StatementKind.Begin,
            ["COMMIT"] or ["ROLLBACK"] => StatementKind.End,
            ["SAVEPOINT", ..] or ["ROLLBACK", "TO", ..] or ["RELEASE", "SAVEPOINT", ..] or ["XA", "END", ..] => StatementKind.Control,
            ["XA", "COMMIT" or "ROLLBACK", ..] => StatementKind.XaEnd,
            ["CREATE", "TABLE", ..] or ["CREATE", "OR", "REPLACE"] or ["CREATE", "TEMPORARY", "TABLE"] => OfNewTable(statement),
            ["SET", "STATEMENT", ..] => OfSetStatement(statement),
            [var word, ..] when Definitions.Contains(word) => StatementKind.Definition,
            _ => StatementKind.Change,
        };
    }

    /// <summary>What XA END, COMMIT or ROLLBACK names: the same text in all of them.</summary>
    public static string XaName(LoggedStatement statement)
    {
        string text = Encoding.Latin1.GetString(statement.Text);
        int name = text.IndexOf('X', "XA".Length);
        return name < 0 ? "" : text[name..];
    }

    /// <summary>
    /// A CREATE TABLE without its START TRANSACTION, which may stand among the table's options. With it the server takes nothing but rows before the
    /// end, not even what the session is set to; the rows follow all the same.
    /// </summary>
    /// <returns>The statement as it is, if it has none.</returns>
    public static LoggedStatement WithoutTransaction(LoggedStatement statement) =>
        Transaction(statement) is { } clause ? statement with { Text = [.. statement.Text[..clause.Start], .. statement.Text[clause.End..]] } : statement;

    /// <summary>Where START TRANSACTION stands in a CREATE TABLE, the end excluded.</summary>
    private static (int Start, int End)? Transaction(LoggedStatement statement)
    {
        (string Word, int Start, int End) before = default;
        foreach (var word in StatementText.PlacedWords(Encoding.Latin1.GetString(statement.Text), statement.BackslashEscapes))
        {
            if (before.Word == "START" && word.Word == "TRANSACTION")
            {
                return (before.Start, word.End);
            }

            before = word;
        }

        return null;
    }

    /// <summary>Rows that are selected by a logged statement were not logged themselves. A view or a routine of CREATE OR REPLACE only holds a SELECT.</summary>
    private static StatementKind OfNewTable(LoggedStatement statement)
    {
        string[] words = [.. Words(statement, statement.Text.Length)];
        return Transaction(statement) is not null ? StatementKind.DefinitionWithRows
            : words.Take(4).Contains("TABLE") && words.Contains("SELECT") ? StatementKind.Change
            : StatementKind.Definition;
    }

    /// <summary>MariaDB's SET STATEMENT … FOR a statement.</summary>
    private static StatementKind OfSetStatement(LoggedStatement statement) =>
        Words(statement, Math.Min(statement.Text.Length, MostForFirstWords)).SkipWhile(word => word != "FOR").Skip(1).FirstOrDefault() is { } word && Definitions.Contains(word)
            ? StatementKind.Definition
            : StatementKind.Change;

    /// <summary>A statement that begins as a comment for some versions (<c>/*!40000 ALTER …</c>) is taken for what is in it.</summary>
    private static IEnumerable<string> Words(LoggedStatement statement, int bytes)
    {
        string text = Encoding.Latin1.GetString(statement.Text, 0, bytes).TrimStart();
        for (string? opening; (opening = text.StartsWith("/*!", StringComparison.Ordinal) ? "/*!" : text.StartsWith("/*M!", StringComparison.Ordinal) ? "/*M!" : null) is not null;)
        {
            text = text[opening.Length..].TrimStart("0123456789".ToCharArray()).TrimStart();
        }

        return StatementText.Words(text, statement.BackslashEscapes);
    }
}
