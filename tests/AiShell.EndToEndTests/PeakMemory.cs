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

    /// <summary>Takes the database of the connection <c>shop</c> the whole way in one format, and expects the same rows in its copy.</summary>
    /// <param name="fingerprint">Of a database's rows, made by the server.</param>
    public static async Task ShopStaysSmallAsync(Shell shell, string format, Func<string, Task<string>> fingerprint)
    {
        string content = await fingerprint("shop");
        await StaysSmallAsync(shell, "backup", "create", "-d", "shop", "--format", format, "-c", "zstd", "--level", "1", "--jobs", "2");
        await StaysSmallAsync(shell, "backup", "verify", "latest", "--deep", "--jobs", "2");
        if (format == "sql")
        {
            await StaysSmallAsync(shell, "backup", "test", "latest", "--sample-size", "5", "--validate-data", "--jobs", "2");
        }

        await StaysSmallAsync(shell, "backup", "restore", "latest", "-d", "shop/copy", "--jobs", "2");
        Assert.Equal(content, await fingerprint("copy"));
        await StaysSmallAsync(shell, "backup", "export", "latest", shell.PathOf("export"), "-c", "zstd");
        Assert.True(new FileInfo(shell.PathOf("export")).Length > 1000);
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
