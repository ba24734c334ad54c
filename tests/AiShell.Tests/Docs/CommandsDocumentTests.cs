using System.CommandLine;
using System.Text.RegularExpressions;
using AiShell.Cli.Commands;
using AiShell.Testing.Docs;

namespace AiShell.Tests.Docs;

/// <summary>docs/commands.md against the command tree. The end-to-end tests compare it with what the program prints.</summary>
public partial class CommandsDocumentTests
{
    private static readonly Document Commands = Document.Read("docs/commands.md");
    private static readonly RootCommand Root = CommandTree.Build().Root;

    [Fact]
    public void Every_command_has_its_section_and_no_other_has_one() =>
        Assert.Equal(
            WithPaths(Root, "ai-shell").Where(item => item.Command == Root || item.Command.Subcommands.Count == 0).Select(item => item.Path).Order(StringComparer.Ordinal),
            Heading().Matches(Commands.Text).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_option_is_in_its_commands_section_and_no_other_is()
    {
        string[] common = [.. NamesOf(Root.Options)];
        foreach ((string path, Command command) in WithPaths(Root, "ai-shell").Where(item => item.Command.Subcommands.Count == 0))
        {
            string help = Commands.Section($"## {path}").Frames("")[0];
            string options = help[help.IndexOf("\nOptions:", StringComparison.Ordinal)..help.IndexOf("\nExamples:", StringComparison.Ordinal)];
            string[] named = [.. OptionName().Matches(options).Select(match => match.Value)];

            Assert.Equal((path, List(NamesOf(command.Options).Concat(common).Except(["--version"]))), (path, List(named)));
            Assert.All(command.Options, option => Assert.Contains(option.Description!, options, StringComparison.Ordinal));
            Assert.All(command.Arguments, argument => Assert.Contains(argument.Description!, help, StringComparison.Ordinal));
            Assert.Contains(command.Description!, help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_exit_code_is_explained() =>
        Assert.All(Enum.GetValues<ErrorKind>(), kind => Assert.Matches($"[ ,]{(int)kind} [a-z]", Commands.Text.Split("\n## ")[0]));

    [Fact]
    public void Other_documents_name_only_commands_and_options_that_exist()
    {
        int found = 0;
        foreach (string name in new[] { "README.md", "docs/recovery.md", "docs/format.md", "docs/design.md", "CONTRIBUTING.md" })
        {
            foreach (Match line in Invocation().Matches(Document.Read(name).Text))
            {
                found++;
                ParseResult parse = Root.Parse(line.Groups[1].Value.Replace('\'', '"'));
                Assert.True(parse.Errors.Count == 0, $"{name}: {line.Value}: {string.Join(' ', parse.Errors.Select(error => error.Message))}");
            }
        }

        Assert.True(found > 10);
    }

    private static string List(IEnumerable<string> names) => string.Join(' ', names.Distinct().Order(StringComparer.Ordinal));

    private static IEnumerable<string> NamesOf(IEnumerable<Option> options) =>
        options.SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => !name.StartsWith('/') && name != "-?" && name != "-h");

    private static IEnumerable<(string Path, Command Command)> WithPaths(Command command, string path) =>
        command.Subcommands.SelectMany(child => WithPaths(child, $"{path} {child.Name}")).Prepend((path, command));

    [GeneratedRegex("^## (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    /// <summary>At the beginning of a line of help, or after another name.</summary>
    [GeneratedRegex(@"(?<=^  (?:-\w, |-\?, -h, )?)--?[a-z-]+(?=[ ,\n])", RegexOptions.Multiline)]
    private static partial Regex OptionName();

    [GeneratedRegex(@"^\s*(?:\./)?ai-shell (.+?)(?:\s+#.*| \| .*)?$", RegexOptions.Multiline)]
    private static partial Regex Invocation();
}
