using System.Diagnostics;
using AiShell.Cli.Sessions;

namespace AiShell.Cli.Commands.Demo;

/// <summary>Runs this program as a person would, shows the command line and what it prints.</summary>
internal sealed class DemoProgram(Session session, TextWriter show, string home, string folder)
{
    /// <summary>Standard output of a run that ended with the expected exit code.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Failed"/>: another exit code.</exception>
    public async Task<string> RunAsync(int expectedExitCode, CancellationToken cancellationToken, params string[] arguments)
    {
        await show.WriteLineAsync($"\n$ ai-shell {string.Join(' ', arguments.Select(ShellWord.Quote))}");
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AI_SHELL_HOME"] = home;
        // What the user has configured must not leak into the story.
        foreach (string name in new[] { "AI_SHELL_BACKUP_DIR", "AI_SHELL_REPOSITORY", "AI_SHELL_RETENTION_DAYS", "AI_SHELL_MAX_BACKUPS" })
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start) ?? throw new AiShellException(ErrorKind.Failed, "ai-shell cannot start itself.");
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            string text = await output;
            await show.WriteAsync(text);
            await show.WriteAsync(session.Redactor.Redact(await errors));
            return process.ExitCode == expectedExitCode
                ? text
                : throw new AiShellException(
                    ErrorKind.Failed, $"'ai-shell {string.Join(' ', arguments)}' ended with exit {process.ExitCode} instead of {expectedExitCode}.", "Its messages are above.");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
