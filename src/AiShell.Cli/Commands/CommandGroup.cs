using System.CommandLine;

namespace AiShell.Cli.Commands;

/// <summary>A command that only holds others.</summary>
internal sealed class CommandGroup : Command
{
    public CommandGroup(string name, string description, IReadOnlyList<string> examples, params ReadOnlySpan<Command> commands)
        : base(name, description)
    {
        Examples = examples;
        foreach (Command command in commands)
        {
            Add(command);
        }
    }

    public IReadOnlyList<string> Examples { get; }
}
