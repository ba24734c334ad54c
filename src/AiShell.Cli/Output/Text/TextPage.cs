namespace AiShell.Cli.Output.Text;

/// <summary>Lines, facts and tables for people. Nothing is ever cut: an id that is not whole is no id.</summary>
internal sealed class TextPage(TextWriter writer, bool isTerminal, bool color)
{
    public void Line(string text = "") => writer.WriteLine(Visible(text));

    /// <summary>Names and values, values in one column; a null value is left out.</summary>
    public void Facts(params ReadOnlySpan<(string Name, string? Value)> facts)
    {
        int width = 0;
        foreach ((string name, string? value) in facts)
        {
            width = value is null ? width : Math.Max(width, name.Length);
        }

        foreach ((string name, string? value) in facts)
        {
            if (value is not null)
            {
                writer.WriteLine($"{(name + ":").PadRight(width + 2)}{Visible(value)}");
            }
        }
    }

    public void Table(IReadOnlyList<string> titles, IReadOnlyList<bool> rightAligned, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (isTerminal)
        {
            TerminalTable.Write(writer, color, titles, rightAligned, [.. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(Visible)])]);
            return;
        }

        int[] widths = [.. titles.Select((title, at) => rows.Select(row => Visible(row[at]).Length).Append(title.Length).Max())];
        WriteRow(titles);
        foreach (IReadOnlyList<string> row in rows)
        {
            WriteRow(row);
        }

        void WriteRow(IReadOnlyList<string> cells) => writer.WriteLine(string.Join(
            "  ",
            cells.Select((cell, at) => rightAligned[at] ? Visible(cell).PadLeft(widths[at]) : Visible(cell).PadRight(widths[at]))).TrimEnd());
    }

    /// <summary>Control characters in a name must neither break a line nor command the terminal.</summary>
    public static string Visible(string text) =>
        !text.Any(char.IsControl)
            ? text
            : string.Concat(text.Select(letter => letter switch
            {
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                _ when char.IsControl(letter) => $"\\x{(int)letter:x2}",
                _ => letter.ToString(),
            }));
}
