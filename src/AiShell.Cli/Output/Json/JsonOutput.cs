using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AiShell.Cli.Output.Text;

namespace AiShell.Cli.Output.Json;

/// <summary>Output for programs: exactly one JSON document on standard output, also for a failure.</summary>
internal sealed class JsonOutput(Terminal terminal, OutputOptions options) : IOutput
{
    private readonly TextOutput _messages = new(terminal, options);
    private bool _written;

    public void Show<T>(Answer<T> answer) => Write(answer.Data, answer.Type);

    public void List<T>(Listing<T> listing) => Write(listing.Rows, listing.Type);

    public void Say(string message) => _messages.Say(message);

    public void Detail(string message) => _messages.Detail(message);

    public void Warn(string message) => _messages.Warn(message);

    public void Fail(string kind, string message, string? hint, int exitCode)
    {
        _messages.Fail(kind, message, hint, exitCode);
        if (!_written)
        {
            Write(new FailureDocument(new FailureDetail(kind, message, hint), exitCode), Documents.Default.FailureDocument);
        }
    }

    private void Write<T>(T data, JsonTypeInfo<T> type)
    {
        if (_written)
        {
            throw new InvalidOperationException("A command has one result.");
        }

        _written = true;
        terminal.Out.WriteLine(JsonSerializer.Serialize(data, type));
    }
}
