namespace AiShell;

/// <summary>A list in a sentence, which stays readable when there are thousands.</summary>
public static class ListText
{
    private const int Shown = 5;

    /// <summary><c>a, b, c, d, e and 12 more</c>.</summary>
    public static string First(IReadOnlyCollection<string> items, string separator = ", ") =>
        $"{string.Join(separator, items.Take(Shown))}{(items.Count > Shown ? $"{separator.TrimEnd().TrimEnd(',')} and {items.Count - Shown} more" : "")}";
}
