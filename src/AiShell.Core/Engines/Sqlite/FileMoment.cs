using System.IO.Hashing;
using System.Security.Cryptography;

namespace AiShell.Engines.Sqlite;

/// <summary>
/// Names what is in a database's file, from outside. Whoever writes to a file changes its time (ctime), which nobody can set back; a file with the same identity, length and times has the same content.
/// </summary>
internal static class FileMoment
{
    // Kernels stamp with the time of their last tick: of what was changed a moment ago the same stamp may be given once more.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The same as long as nobody writes to the file; a number at random where that cannot be told: it was written to a moment ago, its clock is another machine's, or the system keeps no such time.
    /// Asked while a read lock keeps writers from the file.
    /// </summary>
    public static ulong NameOf(string path)
    {
        if (OperatingSystem.IsLinux()
            && UnixFiles.LastChangeOf(path, out byte[] identity) is var changed
            && TimeProvider.System.GetUtcNow() - changed > Settled
            && new DriveInfo(DatabaseFile.Resolve(path)).DriveType is DriveType.Fixed or DriveType.Ram)
        {
            return XxHash64.HashToUInt64(identity);
        }

        return BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    }
}
