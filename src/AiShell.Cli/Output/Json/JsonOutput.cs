using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AiShell.Cli.Output.Text;

namespace AiShell.Cli.Output.Json;

/// <summary>Output for programs: exactly one JSON document on standard output, also for a failure.</summary>
internal sealed class JsonOutput(Terminal terminal, OutputOptions options) : IOutput
{
    /// <summary>Quotes and letters of other scripts as they are: the document is no part of a web page.</summary>
    private static readonly JsonWriterOptions Readable = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
        using var document = new MemoryStream();
        using (var writer = new Utf8JsonWriter(document, Readable))
        {
            JsonSerializer.Serialize(writer, data, type);
        }

        terminal.Out.WriteLine(Encoding.UTF8.GetString(document.GetBuffer(), 0, (int)document.Length));
    }
}
