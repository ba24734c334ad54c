using System.CommandLine;
using AiShell.Cli.Commands;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Cli.Sessions;
using AiShell.Configuration;
using AiShell.Connections;
using AiShell.State;

namespace AiShell.Cli;

/// <summary>One run of the program: parse, run the command, say how it ended. The only place that knows exit codes.</summary>
internal sealed class CommandLine(Terminal terminal, IEnvironment environment, TimeProvider clock)
{
    private const int UsageExit = (int)ErrorKind.Usage;

    private readonly Redactor _redactor = new();

    public async Task<int> RunAsync(IReadOnlyList<string> arguments, StopSignals signals)
    {
        CommandTree tree = CommandTree.Build();
        ParseResult parse = tree.Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Errors.Count > 0 && parse.Action is not (System.CommandLine.Help.HelpAction or HelpWithExamples))
        {
            return FailParse(arguments, parse);
        }

        if (parse.CommandResult.Command is not SessionCommand command || parse.Action is not null)
        {
            return await parse.InvokeAsync(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error });
        }

        GlobalValues values = tree.Globals.Read(parse, environment);
        var options = new OutputOptions(values.Quiet, values.Verbose, !values.NoColor, values.Csv);
        var output = new RedactedOutput(values.Json ? new JsonOutput(terminal, options) : new TextOutput(terminal, options), _redactor);
        using var session = new Session(values, terminal, environment, clock, _redactor, output);
        return await RunAsync(command, session, output, parse, arguments, signals);
    }

    private async Task<int> RunAsync(
        SessionCommand command, Session session, RedactedOutput output, ParseResult parse, IReadOnlyList<string> arguments, StopSignals signals)
    {
        long started = clock.GetTimestamp();
        int exitCode;
        Failure? failure = null;
        try
        {
            exitCode = await command.RunAsync(session, parse, signals.Token);
        }
        catch (Exception error)
        {
            failure = Failure.Of(error, signals.ExitCode, command.Stopped);
            exitCode = failure.ExitCode;
            session.EndProgress();
            session.Output.Fail(failure.Kind, failure.Message, failure.Hint, exitCode);
        }

        Record(command, session, arguments, exitCode, failure, output.LastFailure, clock.GetElapsedTime(started));
        return exitCode;
    }

    /// <summary>Writes log and audit trail. That they cannot be written changes nothing about what was done.</summary>
    private void Record(SessionCommand command, Session session, IReadOnlyList<string> arguments, int exitCode, Failure? failure, string? message, TimeSpan duration)
    {
        if (command.Operation is null && failure?.IsUnexpected != true)
        {
            return;
        }

        string typed = _redactor.Redact(string.Join(' ', arguments.Select(ShellWord.Quote)));
        try
        {
            string summary = $"{typed}: exit {exitCode} after {duration.TotalMilliseconds:0} ms";
            if (message is null)
            {
                session.Log.Information(summary);
            }
            else
            {
                session.Log.Error($"{summary}: {message}", failure?.Error);
            }

            if (command.Operation is { } operation)
            {
                string outcome = exitCode == 0 ? "done" : exitCode > 128 ? "cancelled" : "failed";
                session.State.Append(new AuditEntry(
                    clock.GetUtcNow(), typed, operation, _redactor.Redact(session.SubjectDatabase), session.SubjectBackup, outcome, exitCode, duration,
                    message, Environment.UserName, Environment.MachineName));
            }
        }
        catch (Exception error) when (error is AiShellException or IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
        {
            session.Output.Warn($"This run is not in the log: {error.Message}");
        }
    }

    private int FailParse(IReadOnlyList<string> arguments, ParseResult parse)
    {
        var options = new OutputOptions(false, false, environment.Get("NO_COLOR") is not { Length: > 0 } && !arguments.Contains("--no-color"), false);
        IOutput output = arguments.Contains("--json") ? new JsonOutput(terminal, options) : new TextOutput(terminal, options);
        // The text of an argument may be a URL with a password.
        string[] errors = [.. parse.Errors.Select(error => InOneLine(error.Message)).Distinct()];
        // The parser says first that a command is missing, also where one was mistyped.
        string message = _redactor.Redact(string.Join(" ", errors.Length > 1 && errors[0].StartsWith("Required command", StringComparison.Ordinal) ? errors[1..] : errors));
        output.Fail("usage", message, $"'{PathOf(parse.CommandResult.Command)} --help' shows what it takes, with examples.", UsageExit);
        return UsageExit;
    }

    /// <summary>The parser lists the words it knows one a line.</summary>
    private static string InOneLine(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length < 2 ? message : $"{lines[0]} {string.Join(", ", lines[1..])}.";
    }

    private static string PathOf(Command command)
    {
        IEnumerable<string> names = [command.Name];
        for (Command? parent = command.Parents.OfType<Command>().FirstOrDefault(); parent is not null; parent = parent.Parents.OfType<Command>().FirstOrDefault())
        {
            names = names.Prepend(parent.Name);
        }

        return string.Join(' ', names);
    }
}
