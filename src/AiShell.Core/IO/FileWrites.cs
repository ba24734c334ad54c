using Microsoft.Win32.SafeHandles;

namespace AiShell.IO;

/// <summary>Writes to a file that may hit a limit: .NET says EFBIG, a file too big, with an <see cref="ArgumentOutOfRangeException"/>.</summary>
internal static class FileWrites
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the file may not grow so far.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw TooBig(failure);
        }
    }

    /// <inheritdoc cref="Write"/>
    public static async Task WriteAsync(SafeFileHandle file, ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(file, bytes, offset, cancellationToken);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw TooBig(failure);
        }
    }

    private static AiShellException TooBig(Exception cause) => new(
        ErrorKind.Failed,
        "A file of ai-shell's may not grow any further.",
        "The file system, or a limit of this user ('ulimit -f'), allows no larger file. Raise it.",
        cause);
}
