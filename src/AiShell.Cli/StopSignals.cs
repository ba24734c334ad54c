using System.Runtime.InteropServices;

namespace AiShell.Cli;

/// <summary>Ctrl-C and SIGTERM cancel the work once; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _exitCode;

    public StopSignals() =>
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, 130)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, 143)),
            // 'ulimit -f' was reached: as an error of the write it can be told and cleaned up after.
            PosixSignalRegistration.Create((PosixSignal)FileSizeLimit, context => context.Cancel = true),
        ];

    /// <summary>SIGXFSZ on Linux and macOS.</summary>
    private const int FileSizeLimit = 25;

    public CancellationToken Token => _stop.Token;

    /// <summary>128 + the signal's number; 0 while there was none.</summary>
    public int ExitCode => Volatile.Read(ref _exitCode);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }

    private void Stop(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _exitCode, exitCode, 0) != 0)
        {
            Environment.Exit(exitCode);
        }

        _stop.Cancel();
    }
}
