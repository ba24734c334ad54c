using System.Globalization;

namespace AiShell.IO;

/// <summary>
/// A private folder (mode 0700) in the temporary directory for as long as one command runs. What killed commands of the same user left is removed when the next one begins: a capture that was killed may have
/// left all that a slow store had not taken yet.
/// </summary>
public sealed class ScratchFolder : IDisposable
{
    private const string Prefix = "ai-shell-run-";
    private const string LockFile = "in-use";
    private readonly FileStream _lock;

    private ScratchFolder(string path, FileStream inUse)
    {
        Path = path;
        _lock = inUse;
    }

    public string Path { get; }

    /// <exception cref="IOException">The temporary directory is full or missing.</exception>
    public static ScratchFolder Make()
    {
        RemoveLeftovers();
        string path = Directory.CreateTempSubdirectory(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-")).FullName;
        return new ScratchFolder(path, Lock(path, FileMode.CreateNew));
    }

    public void Dispose()
    {
        _lock.Dispose();
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    private static void RemoveLeftovers()
    {
        foreach (string folder in LocalProcess.FoldersOfDead(Prefix))
        {
            try
            {
                // Two proofs: containers that share the directory do not see each other's processes, and some file systems have no locks.
                using FileStream dead = Lock(folder, FileMode.Open);
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // In use after all, another user's, or being removed by another command.
            }
        }
    }

    private static FileStream Lock(string folder, FileMode mode) => new(System.IO.Path.Combine(folder, LockFile), mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
}
