using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AiShell.IO;

/// <summary>fsync(2) of a folder, which .NET does not offer.</summary>
internal static partial class FolderSync
{
    private const int NoEntry = 2;
    private const int Interrupted = 4;

    /// <summary>Makes the names in a folder durable; false if it is gone. Windows does that by itself.</summary>
    /// <exception cref="IOException">The system's error, its number in <see cref="Exception.HResult"/>.</exception>
    public static bool Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return true;
        }

        int closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        int descriptor;
        do
        {
            descriptor = Open(folder, closeOnExec);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        if (descriptor < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == NoEntry ? false : throw new IOException($"{Marshal.GetPInvokeErrorMessage(errno)} : '{folder}'", errno);
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.FlushToDisk(handle);
        return true;
    }

    // open(2) takes its mode as a variable argument; without O_CREAT there is none, so the plain signature is right everywhere
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
