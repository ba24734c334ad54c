using System.Diagnostics;
using AiShell.Cli.Commands;
using AiShell.Cli.Completion;

namespace AiShell.Tests.CommandLines;

public sealed class CompletionTests
{
    private static readonly IReadOnlyList<CompletionWords> Words = CompletionWords.Of(CommandTree.Build().Root);

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public void A_script_knows_every_command_and_option(string shell)
    {
        string script = CompletionScript.For(shell, Words);
        foreach (string word in new[] { "health-check", "backup create", "rebuild", "database", "exclude-tables", "json" })
        {
            Assert.Contains(word, script, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ai-shell", "hea", "health-check")]
    [InlineData("ai-shell backup", "cre", "create")]
    [InlineData("ai-shell backup create -d shop", "--exc", "--exclude-tables")]
    [InlineData("ai-shell --home x repo", "reb", "rebuild")]
    [InlineData("ai-shell completion", "ba", "bash")]
    public async Task Bash_completes(string before, string current, string expected)
    {
        string words = string.Join(' ', before.Split(' ').Append(current).Select(word => $"'{word}'"));
        string script = CompletionScript.For("bash", Words)
            + $"\nCOMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); _ai_shell; echo \"${{COMPREPLY[@]}}\"\n";
        Assert.Equal(expected, (await BashAsync(script)).Trim());
    }

    private static async Task<string> BashAsync(string script)
    {
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-s"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        string output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal(0, bash.ExitCode);
        return output;
    }
}
