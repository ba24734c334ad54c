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

    /// <summary>When anything of the file was last changed, by the file system's clock, and by nobody's leave (man 7 inode, st_ctim). Linux only.</summary>
    /// <param name="identity">Device, inode, length, and the times of the last change and of the last write.</param>
    /// <exception cref="IOException">There is no such file, or it cannot be looked at.</exception>
    public static DateTimeOffset LastChangeOf(string path, out byte[] identity)
    {
        Span<byte> statistics = StatisticsOf(path);
        identity = [.. statistics[32..48], .. statistics[96..108], .. statistics[112..124], .. statistics[136..144]];
        return DateTimeOffset.FromUnixTimeSeconds(BitConverter.ToInt64(statistics[96..])).AddTicks(BitConverter.ToUInt32(statistics[104..]) / TimeSpan.NanosecondsPerTick);
    }

    private static (uint User, uint Group) OwnerOf(string path)
    {
        Span<byte> statistics = StatisticsOf(path);
        return (BitConverter.ToUInt32(statistics[20..]), BitConverter.ToUInt32(statistics[24..]));
    }

    // struct statx is the same on every architecture: uid at 20, gid at 24, inode at 32, length at 40, ctime at 96, mtime at 112, device at 136 (man 2 statx).
    private static byte[] StatisticsOf(string path)
    {
        byte[] statistics = new byte[256];
        fixed (byte* start = statistics)
        {
            ThrowIfFailed(Statistics(CurrentFolder, path, 0, BasicStatistics, start), $"Cannot look at '{path}'");
        }

        return statistics;
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
