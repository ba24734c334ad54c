using System.CommandLine;
using AiShell.Cli.Sessions;

namespace AiShell.Cli.Commands;

/// <summary>A command that does something, with examples for its help.</summary>
internal abstract class SessionCommand(string name, string description) : Command(name, description)
{
    /// <summary>What a person would type, for the help; never empty.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>The word under which it goes into the audit trail; null for a command that only looks.</summary>
    public virtual string? Operation => null;

    /// <summary>What it means that a signal ended it.</summary>
    public virtual string Stopped => "Stopped before it was done; nothing half done is left visible.";

    /// <summary><c>--format table|json|csv</c> of a list-like command.</summary>
    public Option<string>? ListFormat { get; private set; }

    /// <summary>Does the work; returns the exit code of a run that found what it says, throws where it failed.</summary>
    public abstract Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken);

    protected void AddListFormat()
    {
        ListFormat = new Option<string>("--format") { Description = "table, json or csv", HelpName = "table|json|csv" };
        ListFormat.AcceptOnlyFromAmong("table", "json", "csv");
        Add(ListFormat);
    }
}
