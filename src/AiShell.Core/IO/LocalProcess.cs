using System.Diagnostics;
using System.Globalization;

namespace AiShell.IO;

/// <summary>Processes of this machine, by their ids, which are given again once they are over.</summary>
internal static class LocalProcess
{
    /// <summary>Folders in the temporary directory whose makers are over: their names are the prefix, the maker's id, a hyphen and more.</summary>
    public static IEnumerable<string> FoldersOfDead(string prefix) => Directory.EnumerateDirectories(Path.GetTempPath(), $"{prefix}*")
        .Where(folder => int.TryParse(Path.GetFileName(folder)[prefix.Length..].Split('-')[0], CultureInfo.InvariantCulture, out int process) && !IsAlive(process));

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
