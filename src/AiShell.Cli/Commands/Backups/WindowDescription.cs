using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Restore;

namespace AiShell.Cli.Commands.Backups;

/// <summary>Says to which instants a database can be restored.</summary>
internal static class WindowDescription
{
    public static IReadOnlyList<WindowDocument> Describe(IReadOnlyList<RecoverableWindow> windows) =>
        [.. windows.Select(window => new WindowDocument(window.Timeline, window.From, window.Through, window.WhyItEnds))];

    /// <summary>One line a window, with the gap behind it.</summary>
    public static void Print(TextPage page, IReadOnlyList<WindowDocument> windows)
    {
        if (windows.Count == 0)
        {
            return;
        }

        page.Line();
        page.Line("Can be restored to any instant:");
        foreach (WindowDocument window in windows)
        {
            page.Line($"  from {RecoveryTarget.Show(window.From)} to {RecoveryTarget.Show(window.Through)}{(window.Timeline > 1 ? $", timeline {window.Timeline}" : "")}{(window.WhyItEnds is null ? "" : $"; then a gap: {window.WhyItEnds}")}");
        }
    }
}
