namespace AiShell.Cli.Output.Text;

/// <summary>Output for people, or as CSV for spreadsheets.</summary>
internal sealed class TextOutput(Terminal terminal, OutputOptions options) : IOutput
{
    private readonly TextPage _page = new(terminal.Out, terminal.OutputIsTerminal, options.Color && terminal.OutputIsTerminal);

    public void Show<T>(Answer<T> answer) => answer.Print(_page);

    public void List<T>(Listing<T> listing)
    {
        if (options.Csv)
        {
            CsvText.Write(terminal.Out, listing);
            return;
        }

        if (listing.Rows.Count == 0)
        {
            Say(listing.Empty);
        }
        else
        {
            _page.Table(
                [.. listing.Columns.Select(column => column.Title)],
                [.. listing.Columns.Select(column => column.RightAligned)],
                [.. listing.Rows.Select(row => listing.Columns.Select(column => column.Text(row)).ToArray())]);
        }

        foreach (string line in listing.Footer)
        {
            Say(line);
        }
    }

    public void Say(string message)
    {
        if (!options.Quiet)
        {
            terminal.Error.WriteLine(TextPage.Visible(message));
        }
    }

    public void Detail(string message)
    {
        if (options.Verbose)
        {
            terminal.Error.WriteLine(TextPage.Visible(message));
        }
    }

    public void Warn(string message) => Label("Warning", "33", message);

    public void Fail(string kind, string message, string? hint, int exitCode)
    {
        Label("Error", "31", message);
        if (hint is not null)
        {
            Label("Hint", "36", hint);
        }
    }

    private void Label(string label, string colorCode, string message)
    {
        string shown = options.Color && terminal.ErrorIsTerminal ? $"\u001b[{colorCode}m{label}:\u001b[0m" : label + ":";
        terminal.Error.WriteLine($"{shown} {TextPage.Visible(message)}");
    }
}
