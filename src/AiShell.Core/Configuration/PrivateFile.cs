using System.Text;

namespace AiShell.Configuration;

/// <summary>Small files that only their owner reads (600) and that are never seen half written.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file's text; null where there is no file.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: it is there but cannot be read.</exception>
    public static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path, Utf8);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The file {path} cannot be read: {error.Message}",
                "Check that it is a text file and that you may read it.",
                error);
        }
    }

    /// <summary>Replaces the file in one step: written beside it, made durable, then renamed.</summary>
    public static void Write(string path, string text)
    {
        // A link stays a link: what it points to is replaced.
        string target = File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path;
        string next = $"{target}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            try
            {
                using (var stream = new FileStream(next, OptionsFor(FileMode.CreateNew)))
                {
                    stream.Write(Utf8.GetBytes(text));
                    stream.Flush(flushToDisk: true);
                }

                File.Move(next, target, overwrite: true);
            }
            catch
            {
                File.Delete(next);
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AiShellException(
                ErrorKind.Failed,
                $"The file {path} cannot be written: {error.Message}",
                "Check the free space and the permissions of its folder.",
                error);
        }
    }

    /// <summary>
    /// Keeps other processes out until it is disposed. The lock file stays, because removing it would let two
    /// processes lock two different files of the same name.
    /// </summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Busy"/>: another process held it all the time.</exception>
    public static IDisposable Lock(string path, TimeProvider clock)
    {
        string lockPath = path + ".lock";
        long start = clock.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(lockPath, OptionsFor(FileMode.OpenOrCreate));
            }
            catch (UnauthorizedAccessException error)
            {
                throw new AiShellException(ErrorKind.Failed, $"The file {lockPath} cannot be opened: {error.Message}", "Check the permissions of its folder.", error);
            }
            catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
            {
                if (clock.GetElapsedTime(start) > TimeSpan.FromSeconds(10))
                {
                    throw new AiShellException(ErrorKind.Busy, $"Another ai-shell is writing {path}.", "Try again in a moment.", error);
                }

                Task.Delay(TimeSpan.FromMilliseconds(20), clock).GetAwaiter().GetResult();
            }
        }
    }

    private static FileStreamOptions OptionsFor(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
