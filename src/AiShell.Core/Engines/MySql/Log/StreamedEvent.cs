namespace AiShell.Engines.MySql.Log;

/// <summary>An event and where it is. Valid until the next one is read.</summary>
/// <param name="File">The file that it is in, or that what was made up is about.</param>
/// <param name="Start">The offset in the file where it begins; files may be longer than 4 GB.</param>
/// <param name="End">Where the next one begins; the same as <paramref name="Start"/> for what has no place in the file.</param>
internal readonly record struct StreamedEvent(BinaryLogEvent Event, string File, long Start, long End)
{
    /// <summary>It is in the file; else it only tells the reader something.</summary>
    public bool IsInFile => End > Start;
}
