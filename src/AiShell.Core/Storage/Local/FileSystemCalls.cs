using System.Runtime.InteropServices;

namespace AiShell.Storage.Local;

/// <summary>What .NET does not offer: placement of a finished file in one step, and where links lead.</summary>
internal static partial class FileSystemCalls
{
    /// <summary>
    /// Gives a finished file its final name in one step, failing with <see cref="IOException"/> EEXIST if that exists: link(2)
    /// and unlink(2); where the file system has no hard links (FAT, some network shares) an exclusive rename.
    /// </summary>
    public static void MoveExclusively(string source, string destination, bool useHardLink)
    {
        if (OperatingSystem.IsWindows())
        {
            MoveOnWindows(source, destination);
            return;
        }

        if (useHardLink)
        {
            if (Link(source, destination) == 0)
            {
                File.Delete(source);
                return;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (!MeansNoHardLinks(errno))
            {
                throw FileErrors.OfErrno(errno, destination);
            }
        }

        if (RenameExclusively(source, destination) != 0)
        {
            throw FileErrors.OfErrno(Marshal.GetLastPInvokeError(), destination);
        }
    }

    /// <summary>
    /// Gives a finished file its final name in one step, in place of what had it. Not File.Move: that copies, visibly and
    /// bit by bit, when the two are not on one file system.
    /// </summary>
    public static void MoveReplacing(string source, string destination)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(source, destination, overwrite: true);
        }
        else if (Rename(source, destination) != 0)
        {
            throw FileErrors.OfErrno(Marshal.GetLastPInvokeError(), destination);
        }
    }

    /// <summary>The path with every symbolic link followed, null where it leads nowhere.</summary>
    public static string? RealPath(string path)
    {
        nint text = RealPath(path, 0);
        if (text == 0)
        {
            return null;
        }

        string real = Marshal.PtrToStringUTF8(text)!;
        Free(text);
        return real;
    }

    private static void MoveOnWindows(string source, string destination)
    {
        try
        {
            File.Move(source, destination, overwrite: false);
        }
        catch (IOException) when (File.Exists(destination))
        {
            throw new IOException($"File exists : '{destination}'", FileErrors.Exists);
        }
    }

    // EPERM, EMLINK, ENOSYS, EOPNOTSUPP (Linux; macOS)
    private static bool MeansNoHardLinks(int errno) => errno is 1 or 31 or 38 or 95 or 45 or 78 or 102;

    private static int RenameExclusively(string source, string destination) =>
        OperatingSystem.IsMacOS()
            ? RenameOnMacOS(source, destination, 4) // RENAME_EXCL
            : RenameOnLinux(CurrentFolder, source, CurrentFolder, destination, 1); // RENAME_NOREPLACE

    private const int CurrentFolder = -100; // AT_FDCWD; both paths are absolute

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string source, string destination);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string source, string destination);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, nint buffer);

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameOnLinux(int sourceFolder, string source, int destinationFolder, string destination, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameOnMacOS(string source, string destination, uint flags);
}
