using System.Diagnostics;

namespace AiShell.EndToEndTests;

/// <summary>
/// kill -9 at random moments of a command's run. How long a run takes is measured once, on a machine that may be slower or faster a moment
/// later: a run that ended before its kill lets the next kills come earlier, every other lets them come a little later.
/// </summary>
/// <param name="from">The earliest moment, as a share of the run: a program that is still starting has nothing to leave behind.</param>
internal sealed class RandomKills(Shell shell, double from)
{
    private const double Earlier = 0.7;
    private const double Later = 1.1;
    private const int MostRounds = 4;

    private readonly Random _random = new(20261124);
    private TimeSpan _whole;

    /// <summary>Runs a command to its end, which tells how long those take that are killed.</summary>
    public async Task MeasureAsync(params string[] command)
    {
        long started = Stopwatch.GetTimestamp();
        await shell.ExpectAsync(null, command);
        _whole = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Kills so many runs, and more where too few of them have shown something.</summary>
    /// <param name="command">Of the kill with this number, from 0.</param>
    /// <param name="enough">Of the kills that must have shown something; one machine's moments are not another's.</param>
    /// <param name="lookAsync">Looks at what the kill left, and tells whether it came soon enough to show something.</param>
    public async Task KillAsync(int kills, Func<int, string[]> command, int enough, Func<int, Task<bool>> lookAsync)
    {
        int telling = 0;
        int kill = 0;
        for (; kill < kills || (telling < enough && kill < kills * MostRounds); kill++)
        {
            _whole *= await KillAsync(command(kill)) ? Later : Earlier;
            telling += await lookAsync(kill) ? 1 : 0;
        }

        Assert.True(telling >= enough, $"Only {telling} of {kill} kills came at a moment that shows something: the test proved nothing.");
    }

    /// <summary>False when it had ended before.</summary>
    private async Task<bool> KillAsync(string[] command)
    {
        using Process process = shell.Start(command);
        Task end = process.WaitForExitAsync();
        await Task.WhenAny(end, Task.Delay(_whole * (from + ((1 - from) * _random.NextDouble()))));
        bool runs = !process.HasExited;
        process.Kill();
        await end;
        return runs;
    }
}
