using System.CommandLine;

namespace AiShell.Cli.Completion;

/// <summary>What may follow a command.</summary>
/// <param name="Path">The command's words, without the program's name: <c>backup create</c>; empty for the program itself.</param>
internal sealed record CompletionWords(string Path, IReadOnlyList<CompletionWord> Words)
{
    /// <summary>Every command of the tree, parents before children.</summary>
    public static IReadOnlyList<CompletionWords> Of(Command root)
    {
        var all = new List<CompletionWords>();
        Option[] everywhere = [.. root.Options.Where(option => option.Recursive && !option.Hidden)];
        Collect(root, "", everywhere, all);
        return all;
    }

    private static void Collect(Command command, string path, Option[] everywhere, List<CompletionWords> all)
    {
        Command[] children = [.. command.Subcommands.Where(child => !child.Hidden)];
        IEnumerable<Option> options = command.Options.Concat(everywhere).Where(option => !option.Hidden).Distinct();
        all.Add(new CompletionWords(path,
        [
            .. children.Select(child => new CompletionWord(child.Name, child.Description ?? "")),
            .. command.Arguments.SelectMany(argument => ChoicesOf(argument)),
            .. options.Where(option => option.Name.StartsWith("--", StringComparison.Ordinal))
                .Select(option => new CompletionWord(option.Name, option.Description ?? "")),
        ]));
        foreach (Command child in children)
        {
            Collect(child, path.Length == 0 ? child.Name : $"{path} {child.Name}", everywhere, all);
        }
    }

    private static IEnumerable<CompletionWord> ChoicesOf(Argument argument) =>
        argument.GetCompletions(System.CommandLine.Completions.CompletionContext.Empty).Select(choice => new CompletionWord(choice.Label, ""));
}

internal sealed record CompletionWord(string Text, string Description);
