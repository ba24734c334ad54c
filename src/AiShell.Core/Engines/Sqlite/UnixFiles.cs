using System.Runtime.InteropServices;

namespace AiShell.Engines.Sqlite;

/// <summary>What replacing a file in one step needs and .NET does not offer.</summary>
internal static unsafe partial class UnixFiles
{
    private const int CurrentFolder = -100;
    private const uint BasicStatistics = 0x7FF;
    private const int WritePermission = 2;

    /// <summary>Whether this process may write to an existing file, or make files in an existing folder.</summary>
    public static bool MayWrite(string path) => OperatingSystem.IsWindows() || Access(path, WritePermission) == 0;

    /// <summary>
    /// Gives a file the permissions and the owner of another. (Owners are kept on Linux only.)
    /// </summary>
    /// <exception cref="IOException">Not permitted: the file would then belong to somebody else than before.</exception>
    public static void CopyOwnerAndMode(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (OperatingSystem.IsLinux() && OwnerOf(from) is var owner && owner != OwnerOf(to))
        {
            ThrowIfFailed(ChangeOwner(to, owner.User, owner.Group), $"Cannot give the new copy the owner of '{from}'");
        }

        File.SetUnixFileMode(to, File.GetUnixFileMode(from));
    }

    // struct statx is the same on every architecture: stx_uid at 20, stx_gid at 24 (man 2 statx).
    private static (uint User, uint Group) OwnerOf(string path)
    {
        Span<byte> statistics = stackalloc byte[256];
        fixed (byte* start = statistics)
        {
            ThrowIfFailed(Statistics(CurrentFolder, path, 0, BasicStatistics, start), $"Cannot read the owner of '{path}'");
        }

        return (BitConverter.ToUInt32(statistics[20..]), BitConverter.ToUInt32(statistics[24..]));
    }

    private static void ThrowIfFailed(int result, string what)
    {
        if (result < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statistics(int folder, string path, int flags, uint mask, byte* result);
}
