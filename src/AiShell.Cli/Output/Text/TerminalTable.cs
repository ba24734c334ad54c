using Spectre.Console;

namespace AiShell.Cli.Output.Text;

/// <summary>A table on a real terminal. Apart, so that Spectre.Console is loaded only there.</summary>
internal static class TerminalTable
{
    public static void Write(TextWriter writer, bool color, IReadOnlyList<string> titles, IReadOnlyList<bool> rightAligned, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = color ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = color ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        // Wider than the terminal is better than cut or folded: the terminal wraps, and copying an id still works.
        console.Profile.Width = 20_000;
        var table = new Table { Border = TableBorder.Simple, Expand = false };
        for (int at = 0; at < titles.Count; at++)
        {
            var column = new TableColumn(new Spectre.Console.Text(titles[at], new Style(decoration: Decoration.Bold))) { NoWrap = true };
            table.AddColumn(rightAligned[at] ? column.RightAligned() : column);
        }

        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Spectre.Console.Text(cell)));
        }

        console.Write(table);
    }
}
