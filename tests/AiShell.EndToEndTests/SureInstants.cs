using AiShell.Restore;

namespace AiShell.EndToEndTests;

/// <summary>Instants of which it is known what had been committed: one that is not sure is refused with two beside it that are.</summary>
internal static class SureInstants
{
    /// <summary>The instant, or the two beside it.</summary>
    public static async Task<DateTimeOffset[]> Async(RecoveryPlanner planner, DateTimeOffset instant)
    {
        try
        {
            await planner.PlanAsync(new RecoveryTarget.Instant(instant), null);
            return [instant];
        }
        catch (AiShellException refused) when (refused.Kind == ErrorKind.Refused && refused.Message.Contains("is not known", StringComparison.Ordinal))
        {
            DateTimeOffset[] beside =
            [
                .. refused.Hint!.Split("--point-in-time ").Skip(1)
                    .Select(text => DateTimeOffset.Parse(text.Split(' ')[0].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture)),
            ];
            Assert.True(beside is [var without, var with] && without < instant && instant < with, refused.Hint);
            List<DateTimeOffset> sure = [];
            foreach (DateTimeOffset at in beside)
            {
                try
                {
                    await planner.PlanAsync(new RecoveryTarget.Instant(at), null);
                    sure.Add(at);
                }
                catch (AiShellException unsure) when (unsure.Kind == ErrorKind.Refused)
                {
                    // Between two looks of the capture that follow each other at once.
                }
            }

            return [.. sure];
        }
    }
}
