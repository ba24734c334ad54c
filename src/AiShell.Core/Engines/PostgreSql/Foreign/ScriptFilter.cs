using System.Text;
using System.Text.RegularExpressions;

namespace AiShell.Engines.PostgreSql.Foreign;

/// <summary>
/// Passes a foreign script on to psql line by line. psql itself runs restricted (its command <c>\restrict</c>, which pg_dump's own scripts
/// begin with), so that no command of psql's in the script can run anything; the script's own pair is left out, since it cannot be
/// nested. What works on the server and not on the one database is refused before psql sees it. Rows of COPY pass unseen.
/// </summary>
internal sealed partial class ScriptFilter(Stream script, Action<string> needsRole)
{
    private const int LongestSeen = 4096;

    private readonly PartInput _input = new(script);
    private string? _ownKey;
    private bool _inRows;

    /// <summary>Writes the script to <paramref name="psql"/>; false when psql takes no more.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: a statement that is not of one database.</exception>
    public bool WriteTo(Stream psql, CancellationToken cancellationToken)
    {
        while (!_input.AtEnd)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _input.Require(LongestSeen);
            ReadOnlySpan<byte> window = _input.Window;
            int end = window.IndexOf((byte)'\n');
            ReadOnlySpan<byte> seen = window[..Math.Min(end < 0 ? window.Length : end, LongestSeen)];
            bool passes = Passes(Encoding.UTF8.GetString(seen).TrimEnd('\r'));
            try
            {
                PassLine(passes ? psql : Stream.Null);
            }
            catch (IOException)
            {
                return false; // psql has stopped; it says why
            }
        }

        return true;
    }

    private bool Passes(string line)
    {
        if (_inRows)
        {
            _inRows = line != "\\.";
            return true;
        }

        if (Restriction().Match(line) is { Success: true } own && _ownKey is null)
        {
            _ownKey = own.Groups["key"].Value;
            return false;
        }

        if (_ownKey is not null && line == $"\\unrestrict {_ownKey}")
        {
            return false;
        }

        if (ServerStatement().IsMatch(line))
        {
            throw new AiShellException(
                ErrorKind.Refused,
                $"The script works on the server and not only on one database: '{(line.Length > 100 ? $"{line[..100]}…" : line)}'.",
                "Take that line out, or dump one database without --create and without pg_dumpall.");
        }

        if (Role().Match(line) is { Success: true } role)
        {
            needsRole(Unquote(role.Groups["role"].Value));
        }

        _inRows = Rows().IsMatch(line);
        return true;
    }

    private void PassLine(Stream target)
    {
        while (!_input.AtEnd)
        {
            int end = _input.Window.IndexOf((byte)'\n');
            int length = end < 0 ? _input.Window.Length : end + 1;
            target.Write(_input.Window[..length]);
            _input.Advance(length);
            if (end >= 0)
            {
                return;
            }
        }
    }

    private static string Unquote(string name) =>
        name.StartsWith('"') ? name[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : name.ToLowerInvariant();

    [GeneratedRegex(@"^\\restrict (?<key>[A-Za-z0-9]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Restriction();

    [GeneratedRegex(@"^COPY\s.*\sFROM\s+stdin\b.*;\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Rows();

    [GeneratedRegex(@"^\s*(?:CREATE|DROP|ALTER)\s+(?:DATABASE|ROLE|USER(?!\s+MAPPING)|GROUP|TABLESPACE|SYSTEM)\s", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ServerStatement();

    [GeneratedRegex(
        """^(?:ALTER\s.*\sOWNER\s+TO|GRANT\s.*\sTO|REVOKE\s.*\sFROM|ALTER DEFAULT PRIVILEGES FOR ROLE|SET SESSION AUTHORIZATION)\s+(?<role>"(?:[^"]|"")+"|[A-Za-z_][\w$]*)(?:\s.*)?;?\s*$""",
        RegexOptions.CultureInvariant)]
    private static partial Regex Role();
}
