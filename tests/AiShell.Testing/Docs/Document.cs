using System.Text.RegularExpressions;

namespace AiShell.Testing.Docs;

/// <summary>A document of the project, as the tests that keep it true read it.</summary>
public sealed partial class Document
{
    private Document(string text) => Text = text;

    public string Text { get; }

    /// <param name="name">Relative to the project's folder: <c>docs/format.md</c>.</param>
    public static Document Read(string name) => new(File.ReadAllText(Path.Combine(Root(), name)));

    /// <summary>What stands under a heading, to the next one of its rank or higher.</summary>
    public Document Section(string heading)
    {
        int start = Text.IndexOf($"\n{heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"There is no heading '{heading}'.");
        start += heading.Length + 2;
        int rank = heading.TakeWhile(letter => letter == '#').Count();
        Match next = Regex.Match(Text[start..], $"^#{{1,{rank}}} ", RegexOptions.Multiline);
        return new Document(next.Success ? Text.Substring(start, next.Index) : Text[start..]);
    }

    /// <summary>The framed texts of a kind, in order, without the line end before the closing frame.</summary>
    public string[] Frames(string kind) =>
        [.. Frame().Matches(Text).Where(match => match.Groups["kind"].Value == kind).Select(match => match.Groups["text"].Value)];

    /// <summary>The cells of all rows of all tables, without their heads.</summary>
    public string[][] Rows()
    {
        string[] lines = Text.Split('\n');
        return
        [
            .. lines.Where((line, index) => line.StartsWith("| ", StringComparison.Ordinal) && !IsRule(line) && !(index + 1 < lines.Length && IsRule(lines[index + 1])))
                .Select(line => line.Trim('|').Split(" | ").Select(cell => cell.Trim()).ToArray()),
        ];

        static bool IsRule(string line) => line.StartsWith("| ---", StringComparison.Ordinal);
    }

    /// <summary>The texts set as code within a cell or a sentence.</summary>
    public static string[] Codes(string text) => [.. Code().Matches(text).Select(match => match.Groups[1].Value)];

    /// <summary>The project's folder.</summary>
    public static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "AiShell.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("AiShell.slnx");
        }

        return folder;
    }

    [GeneratedRegex("^```(?<kind>[a-z]*)\n(?<text>.*?)\n```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Frame();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
