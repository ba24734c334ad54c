using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;

namespace AiShell.EndToEndTests;

/// <summary>How much memory a run of the built binary took at its highest.</summary>
[SupportedOSPlatform("linux")]
internal static class PeakMemory
{
    private const long MostKilobytes = 256 * 1024;

    /// <summary>Runs it to its end and expects less than 256 MiB. The kernel keeps the high-water mark; it is read until the process is gone.</summary>
    public static async Task StaysSmallAsync(Shell shell, params string[] arguments)
    {
        using Process process = shell.Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        long kilobytes = 0;
        while (!process.HasExited)
        {
            kilobytes = HighWaterMark(process.Id) ?? kilobytes;
            await Task.Delay(5);
        }

        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.True(kilobytes is > 10_000 and < MostKilobytes, $"{string.Join(' ', arguments)} took {kilobytes:N0} KB.");
    }

    /// <summary>Null when the process has ended.</summary>
    private static long? HighWaterMark(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line
                ? long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
