using AiShell.Storage.Local;

namespace AiShell.Storage;

/// <summary>Every kind of store there is, one line each.</summary>
public static class StoreRegistry
{
    /// <summary>Opens a store from what a user writes: a path, or <c>file:///path</c>. Opening touches nothing.</summary>
    /// <param name="scratchDirectory">Where a remote store's uploads wait for their acknowledgement; the system's own when null.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no store of that kind, or no place.</exception>
    public static IObjectStore Open(string location, string? scratchDirectory = null, TimeProvider? time = null)
    {
        int colon = location.IndexOf("://", StringComparison.Ordinal);
        string scheme = colon < 0 ? "" : location[..colon].ToLowerInvariant();
        IObjectStore store = scheme switch
        {
            "" => OpenPath(location),
            "file" => OpenPath(PathOfUrl(location[(colon + 3)..])),
            _ => throw new AiShellException(
                ErrorKind.Usage,
                $"This version has no store for '{scheme}://'.",
                "It keeps repositories in directories: give a path, or file:///absolute/path."),
        };
        return WithRetries(store, scratchDirectory ?? Path.GetTempPath(), time ?? TimeProvider.System);
    }

    /// <summary>A local disk's error does not pass by itself, so its writes need no second copy.</summary>
    internal static IObjectStore WithRetries(IObjectStore store, string scratchDirectory, TimeProvider time) =>
        store.Capabilities.Remote ? new RetryingStore(store, scratchDirectory, time) : store;

    private static LocalStore OpenPath(string path)
    {
        if (path.Trim().Length == 0 || path.Contains('\0'))
        {
            throw new AiShellException(ErrorKind.Usage, "The repository's place is empty.", "Give the path of a directory.");
        }

        return new LocalStore(
            path is "~" or ['~', '/', ..]
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path.Length > 2 ? path[2..] : "")
                : path);
    }

    /// <summary>RFC 8089: no host or <c>localhost</c>, then an absolute path.</summary>
    private static string PathOfUrl(string hostAndPath)
    {
        int slash = hostAndPath.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || hostAndPath[..slash] is not ("" or "localhost"))
        {
            throw new AiShellException(
                ErrorKind.Usage, "A file URL names no other machine, and its path is absolute.", "Write file:///absolute/path.");
        }

        return Uri.UnescapeDataString(hostAndPath[slash..]);
    }
}
