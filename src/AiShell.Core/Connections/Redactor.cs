using System.Text.Encodings.Web;
using System.Text.RegularExpressions;

namespace AiShell.Connections;

/// <summary>
/// Takes secrets out of any text before a person, a log, the audit trail or JSON sees it: every known secret in each
/// form it takes (plain, percent-encoded, JSON-escaped), every password of a URL, and every option that is named like a
/// secret. Concurrent use is safe.
/// </summary>
public sealed partial class Redactor
{
    private const string Stars = "***";

    // Shorter ones would turn ordinary words into stars; the patterns catch them where they are passwords.
    private const int ShortestSecret = 3;

    private readonly Lock _gate = new();
    private string[] _secrets = [];

    /// <summary>Remembers a secret. Null and very short ones are left to the patterns.</summary>
    public void Add(string? secret)
    {
        if (secret is null || secret.Length < ShortestSecret)
        {
            return;
        }

        string escaped = Uri.EscapeDataString(secret);
        string[] forms =
        [
            secret,
            escaped,
            LowerCaseHex(escaped),
            JavaScriptEncoder.Default.Encode(secret),
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret),
            secret.Replace("'", "''", StringComparison.Ordinal),
        ];
        lock (_gate)
        {
            // Longest first, so that no form is left half replaced by a shorter one.
            _secrets = [.. _secrets.Concat(forms).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];
        }
    }

    /// <summary>Remembers the secrets of an address.</summary>
    public void Add(DatabaseAddress address)
    {
        Add(address.Password);
        foreach ((string name, string value) in address.Options)
        {
            if (SecretOption().IsMatch($"{name}=x"))
            {
                Add(value);
            }
        }
    }

    /// <summary>The text without secrets; null stays null.</summary>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(text))]
    public string? Redact(string? text)
    {
        if (text is null)
        {
            return null;
        }

        string redacted = text;
        foreach (string secret in _secrets)
        {
            redacted = redacted.Replace(secret, Stars, StringComparison.Ordinal);
        }

        return Patterns(redacted);
    }

    /// <summary>What can be told to be a secret from its place alone.</summary>
    internal static string Patterns(string text)
    {
        string redacted = text.Contains("://", StringComparison.Ordinal) ? UrlPassword().Replace(text, "$1" + Stars + "@") : text;
        return redacted.Contains('=', StringComparison.Ordinal) ? SecretOption().Replace(redacted, "$1" + Stars) : redacted;
    }

    private static string LowerCaseHex(string escaped) =>
        PercentCode().Replace(escaped, code => code.Value.ToLowerInvariant());

    // Greedy up to the last @ of the word: an unescaped @, / or : in the password goes with it.
    [GeneratedRegex("""([A-Za-z][A-Za-z0-9+.\-]*://[^\s:/@?#]*:)[^\s"'<>]*@""", RegexOptions.CultureInvariant)]
    private static partial Regex UrlPassword();

    [GeneratedRegex("""((?:^|[?&;\s,"'])(?:[a-z_\-]*(?:password|passwd|pwd|passphrase|secret|token|api[_\-]?key|access[_\-]?key|secret[_\-]?key))\s*=)[^&;\s"']+""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretOption();

    [GeneratedRegex("%[0-9A-F]{2}", RegexOptions.CultureInvariant)]
    private static partial Regex PercentCode();
}
