using System.Buffers;

namespace AiShell.Storage;

/// <summary>The rules for keys (see <see cref="IObjectStore"/>), the same for every store.</summary>
internal static class ObjectKey
{
    private const int LongestSegment = 255;
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%-");

    /// <exception cref="ArgumentException">The key could leave the store, or a file system could not hold it.</exception>
    public static string Check(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        foreach (Range range in key.AsSpan().Split('/'))
        {
            if (!IsSegment(key.AsSpan(range)))
            {
                throw new ArgumentException($"'{key}' is no key.", nameof(key));
            }
        }

        return key;
    }

    /// <summary>A prefix is the beginning of a key, cut anywhere; the empty one matches every key.</summary>
    /// <exception cref="ArgumentException">No key can begin so.</exception>
    public static string CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        int lastSegment = prefix.LastIndexOf('/') + 1;
        ReadOnlySpan<char> rest = prefix.AsSpan(lastSegment);
        if (rest.Length > LongestSegment || rest.ContainsAnyExcept(Allowed))
        {
            throw new ArgumentException($"No key begins with '{prefix}'.", nameof(prefix));
        }

        if (lastSegment > 0)
        {
            Check(prefix[..(lastSegment - 1)]);
        }

        return prefix;
    }

    /// <summary>Whether a text can stand between two slashes of a key.</summary>
    public static bool IsSegment(ReadOnlySpan<char> text) =>
        text is not ("" or "." or "..") && text.Length <= LongestSegment && !text.ContainsAnyExcept(Allowed);
}
