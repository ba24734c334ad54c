using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace AiShell.Cli.Commands;

/// <summary>The usual help, followed by examples.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        IReadOnlyList<string> examples = command switch
        {
            SessionCommand session => session.Examples,
            CommandGroup group => group.Examples,
            _ => CommandTree.Examples,
        };
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples)
        {
            output.WriteLine($"  {example}");
        }

        output.WriteLine();
        return exitCode;
    }
}
