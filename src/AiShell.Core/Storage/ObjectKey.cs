using System.Buffers;

namespace AiShell.Storage;

/// <summary>The rule for keys (see <see cref="IObjectStore"/>), the same for every store.</summary>
internal static class ObjectKey
{
    private const int LongestSegment = 255;
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%-");

    /// <exception cref="ArgumentException">The key could leave the store, or a file system could not hold it.</exception>
    public static string Check(string key)
    {
        foreach (Range range in key.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = key.AsSpan(range);
            if (segment is "" or "." or ".." || segment.Length > LongestSegment || segment.ContainsAnyExcept(Allowed))
            {
                throw new ArgumentException($"'{key}' is no key.", nameof(key));
            }
        }

        return key;
    }
}
