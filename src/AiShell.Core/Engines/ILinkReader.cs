namespace AiShell.Engines;

/// <summary>Reads which transactions are in a link of a chain, part after part, and changes nothing.</summary>
public interface ILinkReader
{
    /// <summary>Gives each transaction to <paramref name="use"/>, in the order of the log.</summary>
    /// <param name="plain">The next of the link's parts of <see cref="PartPhase.Data"/>.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Integrity"/>: the part is damaged, or does not follow the one before.</exception>
    void Read(Stream plain, Action<LinkTransaction> use);
}

/// <summary>A transaction in a link.</summary>
/// <param name="Position">Right after it.</param>
/// <param name="Offset">Behind it, in plain bytes: a replay may stop there.</param>
/// <param name="Stamp">What the server wrote beside it.</param>
public sealed record LinkTransaction(LogPosition Position, long Offset, LogStamp Stamp);

/// <summary>A time that a server wrote into its log. It proves nothing: clocks are set, and sessions may say what they like.</summary>
/// <param name="At">Not later than what was meant.</param>
/// <param name="Resolution">What was meant lies before <paramref name="At"/> plus this.</param>
/// <param name="Meaning">In words that go on from "the time": <c>when the statement began that committed it</c>.</param>
public sealed record LogStamp(DateTimeOffset At, TimeSpan Resolution, string Meaning);
