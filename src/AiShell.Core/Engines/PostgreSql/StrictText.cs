using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>Text that must not change on its way. Only a database of the encoding SQL_ASCII holds what is none.</summary>
internal static class StrictText
{
    private const int LongestShown = 60;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: the bytes are not UTF-8.</exception>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            string lenient = Encoding.UTF8.GetString(bytes);
            throw new AiShellException(
                ErrorKind.Failed,
                $"Text of the database is not UTF-8: '{(lenient.Length > LongestShown ? $"{lenient[..LongestShown]}…" : lenient)}'.",
                "Its encoding is SQL_ASCII, which takes any bytes. Rows of such text are kept by --format sql and checked by --validate-data; names, definitions and comments must be UTF-8.");
        }
    }
}
