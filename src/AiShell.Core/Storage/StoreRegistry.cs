using AiShell.Storage.Local;

namespace AiShell.Storage;

/// <summary>Every kind of store there is, one line each.</summary>
public static class StoreRegistry
{
    /// <summary>Opens a store from what a user writes: a path, or <c>file:///path</c>. Opening touches nothing.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: no store of that kind.</exception>
    public static IObjectStore Open(string location)
    {
        int scheme = location.IndexOf("://", StringComparison.Ordinal);
        return scheme < 0 ? OpenPath(location) : location[..scheme].ToLowerInvariant() switch
        {
            "file" => OpenPath(Uri.UnescapeDataString(location[(scheme + 3)..])),
            string other => throw new AiShellException(
                ErrorKind.Usage, $"This version has no store for '{other}://'.", "Give the path of a directory."),
        };
    }

    private static LocalStore OpenPath(string path) => path.Length == 0
        ? throw new AiShellException(ErrorKind.Usage, "The repository's place is empty.", "Give the path of a directory.")
        : new LocalStore(path is ['~', '/', ..] ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..]) : path);
}
