using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.MySql.Foreign;

/// <summary>
/// Takes out of a script what makes, drops or chooses its one database (mysqldump --databases, Sakila): the rest then runs in whichever is
/// chosen already. Works line by line, and knows where a statement begins: in a text of several lines nothing is taken out.
/// </summary>
internal sealed partial class DatabaseFilter
{
    private static readonly SearchValues<byte> Special = SearchValues.Create("'\"`-#/*;\\"u8);

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private byte[] _delimiter = [(byte)';'];
    private byte _quote;
    private bool _inComment;
    private bool _inStatement;

    /// <summary>The database that the script chooses; null as long as it has not.</summary>
    public string? Chosen => _names.SingleOrDefault();

    /// <summary>Whether the last line that did not stay is one after which the database is there.</summary>
    public bool Makes { get; private set; }

    /// <returns>Whether the line stays.</returns>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: the script is of several databases.</exception>
    public bool Takes(ReadOnlySpan<byte> line)
    {
        if (!_inStatement && !_inComment)
        {
            if (DelimiterOf(line) is { } delimiter)
            {
                _delimiter = delimiter;
                return true;
            }

            if (_delimiter is [(byte)';'] && line.Length < 1024 && Choosing().Match(Encoding.UTF8.GetString(line)) is { Success: true } match)
            {
                Note(match.Groups["name"].Value);
                Makes = match.Groups["makes"].Success;
                return false;
            }
        }

        Follow(line);
        return true;
    }

    private void Note(string name)
    {
        _names.Add(name is ['`', .. var inner, '`'] ? inner.Replace("``", "`", StringComparison.Ordinal) : name);
        if (_names.Count > 1)
        {
            throw new AiShellException(
                ErrorKind.Refused, $"The script is of several databases: {ListText.First([.. _names.Select(one => $"'{one}'")])}.", "A backup is of one: dump them one by one.");
        }
    }

    private static byte[]? DelimiterOf(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> word = "DELIMITER "u8;
        line = line.Trim(" \t\r\n"u8);
        return line.Length > word.Length && Ascii.EqualsIgnoreCase(line[..word.Length], word) ? line[word.Length..].Trim((byte)' ').ToArray() : null;
    }

    /// <summary>Where the line leaves us: in a quoted text, a comment, a statement or between two.</summary>
    private void Follow(ReadOnlySpan<byte> line)
    {
        for (int at = 0; at < line.Length;)
        {
            if (_quote != 0)
            {
                at += SkipQuoted(line[at..]);
            }
            else if (_inComment)
            {
                int end = line[at..].IndexOf("*/"u8);
                _inComment = end < 0;
                at = end < 0 ? line.Length : at + end + 2;
            }
            else if (line[at..].StartsWith(_delimiter))
            {
                _inStatement = false;
                at += _delimiter.Length;
            }
            else if (line[at] == '#' || line[at..].StartsWith("-- "u8) || line[at..].SequenceEqual("--\n"u8))
            {
                return;
            }
            else if (line[at..].StartsWith("/*"u8) && !line[at..].StartsWith("/*!"u8) && !line[at..].StartsWith("/*M!"u8))
            {
                _inComment = true;
                at += 2;
            }
            else
            {
                _quote = line[at] is (byte)'\'' or (byte)'"' or (byte)'`' ? line[at] : (byte)0;
                _inStatement |= !char.IsWhiteSpace((char)line[at]);
                at++;
                if (_quote == 0 && _delimiter is [(byte)';'] && _inStatement)
                {
                    int next = line[at..].IndexOfAny(Special);
                    at = next < 0 ? line.Length : at + next;
                }
            }
        }
    }

    /// <summary>To behind the closing quote, or as far as the line goes.</summary>
    private int SkipQuoted(ReadOnlySpan<byte> rest)
    {
        for (int at = 0; at < rest.Length;)
        {
            int next = rest[at..].IndexOfAny(_quote, (byte)'\\');
            if (next < 0)
            {
                return rest.Length;
            }

            at += next + 1;
            if (rest[at - 1] == _quote)
            {
                _quote = 0; // a doubled one opens the text again at once
                return at;
            }

            at += _quote == '`' ? 0 : 1;
        }

        return rest.Length;
    }

    [GeneratedRegex(
        @"^\s*(?:/\*M?!\d{5,6}\s*)?(?:USE|(?<makes>CREATE)\s+(?:DATABASE|SCHEMA)|DROP\s+(?:DATABASE|SCHEMA))\s+(?:/\*!\d{5,6}\s*IF\s+NOT\s+EXISTS\s*\*/\s*|IF\s+(?:NOT\s+)?EXISTS\s+)?(?<name>`(?:[^`]|``)+`|[^\s;`/*]+)[^;']*;\s*$",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Choosing();
}
