using System.Runtime.InteropServices;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>A sleep shorter than the millisecond that .NET's own take at least.</summary>
internal static partial class ShortPause
{
    // A Unix socket holds some 200 KB, which a server that formats rows writes in about a millisecond: it must not come to wait for us.
    private const uint Microseconds = 200;

    public static void Take()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Sleep(Microseconds); // ended early by a signal: no harm
        }
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
