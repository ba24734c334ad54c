namespace AiShell.Repository.Codecs;

/// <summary>
/// A compression. Its output is a complete stream of the named standard format, so that files may be concatenated and
/// the format's own tool reads them. Stateless; all methods may be called concurrently.
/// </summary>
public interface ICodec
{
    /// <summary>As in the manifest and on the command line: <c>gzip</c>.</summary>
    string Name { get; }

    /// <summary>With the dot, as appended to file names: <c>.gz</c>; empty for none.</summary>
    string Extension { get; }

    int MinimumLevel { get; }

    int MaximumLevel { get; }

    int DefaultLevel { get; }

    /// <summary>A stream that compresses what is written into <paramref name="destination"/>, which stays open when it is disposed; disposing completes the format's stream.</summary>
    Stream Compress(Stream destination, int level);

    /// <summary>
    /// A stream that reads the plain bytes of one or more concatenated complete streams. A stream that is cut short, or
    /// garbage after its end, is an <see cref="InvalidDataException"/>, never a silent early end. <paramref name="source"/> stays open.
    /// </summary>
    Stream Decompress(Stream source);
}
