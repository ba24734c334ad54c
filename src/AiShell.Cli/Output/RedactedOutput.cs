using AiShell.Connections;

namespace AiShell.Cli.Output;

/// <summary>The last gate before a person's eyes: no message passes with a secret in it.</summary>
internal sealed class RedactedOutput(IOutput inner, Redactor redactor) : IOutput
{
    /// <summary>For log and audit trail: why the run failed, without secrets; null when it did not.</summary>
    public string? LastFailure { get; private set; }

    public void Show<T>(Answer<T> answer) => inner.Show(answer);

    public void List<T>(Listing<T> listing) => inner.List(listing);

    public void Say(string message) => inner.Say(redactor.Redact(message));

    public void Detail(string message) => inner.Detail(redactor.Redact(message));

    public void Warn(string message) => inner.Warn(redactor.Redact(message));

    public void Fail(string kind, string message, string? hint, int exitCode)
    {
        LastFailure = redactor.Redact(message);
        inner.Fail(kind, LastFailure, redactor.Redact(hint), exitCode);
    }
}
