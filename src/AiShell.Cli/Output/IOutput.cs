using System.Text.Json.Serialization.Metadata;
using AiShell.Cli.Output.Text;

namespace AiShell.Cli.Output;

/// <summary>
/// Where results and messages go. Commands describe what they found once; the output decides whether a person or a
/// program reads it. Results go to standard output, everything else to standard error.
/// </summary>
internal interface IOutput
{
    /// <summary>The command's one result.</summary>
    void Show<T>(Answer<T> answer);

    /// <summary>The command's one result, where it is a list.</summary>
    void List<T>(Listing<T> listing);

    /// <summary>Something worth knowing that is not the result.</summary>
    void Say(string message);

    /// <summary>Only with <c>--verbose</c>.</summary>
    void Detail(string message);

    void Warn(string message);

    /// <summary>The operation failed: nothing else was or will be shown as its result.</summary>
    void Fail(string kind, string message, string? hint, int exitCode);
}

/// <param name="Data">What a program gets.</param>
/// <param name="Print">How a person sees it.</param>
internal sealed record Answer<T>(T Data, JsonTypeInfo<T> Type, Action<TextPage> Print);

/// <param name="Columns">How a person and a CSV reader see a row.</param>
/// <param name="Empty">What a person reads when there is no row.</param>
internal sealed record Listing<T>(IReadOnlyList<T> Rows, JsonTypeInfo<IReadOnlyList<T>> Type, IReadOnlyList<Column<T>> Columns, string Empty)
{
    /// <summary>Lines under the table for a person.</summary>
    public IReadOnlyList<string> Footer { get; init; } = [];
}

/// <param name="Text">For people: sizes with units, local conventions.</param>
/// <param name="Raw">For CSV: bytes, ISO times; null where <paramref name="Text"/> serves both.</param>
/// <param name="RightAligned">Numbers.</param>
internal sealed record Column<T>(string Title, Func<T, string> Text, Func<T, string>? Raw = null, bool RightAligned = false);
