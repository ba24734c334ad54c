namespace AiShell.Connections;

/// <summary>
/// A database URL taken apart as it was written (RFC 3986, section 3): still percent-encoded, with <c>${NAME}</c> still in
/// place. The password may hold an unescaped <c>@</c>, because people paste them so.
/// </summary>
internal sealed record UrlParts(string Scheme, string? UserName, string? Password, string Host, string? Port, string Path, string? Query)
{
    /// <summary>Whether a text begins with a scheme and <c>://</c>; everything else is a path.</summary>
    public static bool LooksLikeUrl(string text)
    {
        int separator = text.IndexOf("://", StringComparison.Ordinal);
        return separator > 0
            && char.IsAsciiLetter(text[0])
            && text.AsSpan(0, separator).IndexOfAnyExcept(SchemeLetters) < 0;
    }

    /// <summary>Takes apart a text for which <see cref="LooksLikeUrl"/> holds; nothing is checked beyond the structure.</summary>
    public static UrlParts Split(string text)
    {
        int separator = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = text[..separator].ToLowerInvariant();
        string rest = text[(separator + 3)..];

        int authorityEnd = rest.AsSpan().IndexOfAny('/', '?', '#');
        string authority = authorityEnd < 0 ? rest : rest[..authorityEnd];
        string tail = authorityEnd < 0 ? "" : rest[authorityEnd..];
        int fragment = tail.IndexOf('#', StringComparison.Ordinal);
        tail = fragment < 0 ? tail : tail[..fragment];
        int question = tail.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? tail : tail[..question];
        string? query = question < 0 ? null : tail[(question + 1)..];

        int at = authority.LastIndexOf('@');
        string? userInfo = at < 0 ? null : authority[..at];
        string host = authority[(at + 1)..];
        int colon = userInfo?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        string? user = colon < 0 ? userInfo : userInfo![..colon];
        string? password = colon < 0 ? null : userInfo![(colon + 1)..];
        (string hostName, string? port) = SplitPort(host);
        return new UrlParts(scheme, user, password, hostName, port, path, query);
    }

    /// <summary>The URL again, as it was written.</summary>
    public string ToText() => $"{Scheme}://{UserText(Password)}{HostText}{Path}{(Query is null ? "" : "?" + Query)}";

    /// <summary>The URL with its password and every secret option replaced by stars.</summary>
    public string Redacted() => Redactor.Patterns($"{Scheme}://{UserText(Password is null ? null : "***")}{HostText}{Path}{(Query is null ? "" : "?" + Query)}");

    private static System.Buffers.SearchValues<char> SchemeLetters { get; } =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

    private string HostText => Port is null ? Host : $"{Host}:{Port}";

    private string UserText(string? password) =>
        UserName is null && password is null ? "" : $"{UserName}{(password is null ? "" : ":" + password)}@";

    /// <summary>Several hosts (MongoDB's seed list) and IPv6 addresses keep their colons.</summary>
    private static (string Host, string? Port) SplitPort(string host)
    {
        int colon = host.LastIndexOf(':');
        return colon < 0 || host.Contains(',', StringComparison.Ordinal) || host.IndexOf(']', colon) >= 0
            ? (host, null)
            : (host[..colon], host[(colon + 1)..]);
    }
}
