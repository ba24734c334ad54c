using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AiShell.CodecBench;

/// <summary>Seconds of processor time rather than of the clock: other programs on the machine do not count.</summary>
internal static partial class ProcessorTime
{
    public static double OfThisProcess(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    /// <summary>One thread, from the file to nowhere.</summary>
    public static double OfTool(string tool, int level, string file, out long storedBytes)
    {
        double before = Children();
        string[] single = tool == "zstd" ? ["--single-thread"] : [];
        var start = new ProcessStartInfo(tool, [.. single, "-c", $"-{level.ToString(CultureInfo.InvariantCulture)}", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        storedBytes = 0;
        byte[] buffer = new byte[128 * 1024];
        Stream output = process.StandardOutput.BaseStream;
        for (int read = output.Read(buffer); read > 0; read = output.Read(buffer))
        {
            storedBytes += read;
        }

        process.WaitForExit();
        return process.ExitCode == 0 ? Children() - before : throw new InvalidOperationException($"{tool} ended with {process.ExitCode}: {process.StandardError.ReadToEnd()}");
    }

    private static double Children()
    {
        // struct rusage (getrusage(2)) on 64-bit Linux: user and system time first, each seconds and microseconds.
        Span<long> usage = stackalloc long[18];
        if (GetUsage(-1, ref MemoryMarshal.GetReference(usage)) != 0)
        {
            throw new InvalidOperationException("getrusage failed.");
        }

        return usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, ref long usage);
}
