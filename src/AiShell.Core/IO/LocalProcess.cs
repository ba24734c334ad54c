using System.Diagnostics;

namespace AiShell.IO;

/// <summary>Processes of this machine, by their ids, which are given again once they are over.</summary>
internal static class LocalProcess
{
    /// <param name="name">Of the program that it must be; null for any.</param>
    public static bool IsAlive(int process, string? name = null)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited && (name is null || found.ProcessName == name);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
