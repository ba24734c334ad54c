using System.Runtime.InteropServices;

namespace AiShell.Storage.Local;

/// <summary>What a crash-safe file needs and .NET does not offer: hard links and fsync of a folder.</summary>
internal static partial class DurableFiles
{
    private const int FileExistsError = 17;
    private const int OpenDirectory = 0x10000;

    /// <summary>
    /// Gives the file a second name, failing if that exists: the one way to create a complete file that two racing
    /// processes cannot both win.
    /// </summary>
    /// <returns>False: the name exists.</returns>
    public static bool TryLink(string existing, string newName)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryMove(existing, newName);
        }

        if (Link(existing, newName) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == FileExistsError
            ? false
            : throw new IOException($"Cannot link '{newName}': {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    /// <summary>Makes the names in a folder durable.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int handle = Open(folder, OperatingSystem.IsLinux() ? OpenDirectory : 0);
        if (handle < 0)
        {
            throw LastError($"Cannot open the folder '{folder}'");
        }

        try
        {
            if (Sync(handle) != 0)
            {
                throw LastError($"Cannot flush the folder '{folder}'");
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static bool TryMove(string existing, string newName)
    {
        try
        {
            File.Move(existing, newName, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(newName))
        {
            return false;
        }
    }

    private static IOException LastError(string what)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string newName);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
