using AiShell.Engines.Sqlite.Log;
using AiShell.Testing.Engines.Sqlite;

namespace AiShell.IntegrationTests.Sqlite;

/// <summary>A capture that runs, with its picture read.</summary>
internal sealed class Running : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private Running(WalCapture capture, CommitSpool spool)
    {
        Capture = capture;
        Spool = spool;
        Task = capture.RunAsync(spool, _stop.Token);
    }

    public WalCapture Capture { get; }

    public CommitSpool Spool { get; }

    /// <summary>Ends with an error alone.</summary>
    public Task Task { get; }

    public static async Task<Running> StartAsync(string path, SqliteFolder folder, long limitBytes)
    {
        WalCapture capture = await WalCapture.OpenAsync(path, 1, folder.Scratch, new WalCaptureOptions { LimitBytes = limitBytes }, default);
        CommitSpool spool = new(folder.Folder);
        await spool.WritePictureAsync(capture.TakePicture());
        return new Running(capture, spool);
    }

    /// <summary>Waits until so many commits have come; fails when the capture has ended.</summary>
    public async Task WaitForAsync(int commits)
    {
        for (int i = 0; i < 3000 && Spool.Count < commits; i++)
        {
            if (Task.IsCompleted)
            {
                await Task;
            }

            await System.Threading.Tasks.Task.Delay(20);
        }

        Assert.Equal(commits, Spool.Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Capture.DisposeAsync();
        Spool.Dispose();
        _stop.Dispose();
    }
}
