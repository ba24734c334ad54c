using System.Globalization;
using System.Text;

namespace AiShell.Cli.Output.Text;

/// <summary>
/// Shows a running job on standard error: on a terminal a bar with the parts in work below it, otherwise a plain line every
/// few seconds. Nothing stays on the terminal when it is disposed.
/// </summary>
internal sealed class ProgressDisplay : IJobProgress, IDisposable
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, string> _lanes = [];
    private readonly Terminal _terminal;
    private readonly IOutput _output;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private string _activity = "";
    private long? _totalBytes;
    private long _bytes;
    private long _begun;
    private string? _held;
    private long _heldSince;
    private int _linesShown;
    private bool _disposed;

    public ProgressDisplay(Terminal terminal, IOutput output, TimeProvider clock)
    {
        _terminal = terminal;
        _output = output;
        _clock = clock;
        TimeSpan interval = terminal.ErrorIsTerminal ? LiveInterval : PlainInterval;
        _timer = clock.CreateTimer(_ => Tick(), null, interval, interval);
    }

    public void Begin(string activity, long? totalBytes)
    {
        lock (_gate)
        {
            _activity = activity;
            _totalBytes = totalBytes;
            _begun = _clock.GetTimestamp();
            Interlocked.Exchange(ref _bytes, 0);
            _held = null;
        }
    }

    public void Hold(string what, long since)
    {
        lock (_gate)
        {
            _held = what;
            _heldSince = since;
        }
    }

    public void StartLane(int lane, string label)
    {
        lock (_gate)
        {
            _lanes[lane] = label;
        }
    }

    public void Advance(int lane, long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void EndLane(int lane)
    {
        lock (_gate)
        {
            _lanes.Remove(lane);
        }
    }

    public void Warn(string message)
    {
        lock (_gate)
        {
            Clear();
            _output.Warn(message);
        }
    }

    /// <summary>Takes the bar away, for a question or the result.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            Clear();
            _activity = "";
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            Clear();
            _disposed = true;
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            if (_activity.Length == 0 || _disposed)
            {
                return;
            }

            string line = Line();
            if (!_terminal.ErrorIsTerminal)
            {
                _terminal.Error.WriteLine(line);
                return;
            }

            Clear();
            var text = new StringBuilder().Append(Fit(line)).Append('\n');
            foreach ((int lane, string label) in _lanes)
            {
                text.Append(Fit($"  {lane + 1}: {TextPage.Visible(label)}")).Append('\n');
            }

            _terminal.Error.Write(text);
            _linesShown = 1 + _lanes.Count;
        }
    }

    private string Line() => _held is null ? Work() : $"{Work()}, {_held} {Seconds(_clock.GetElapsedTime(_heldSince).TotalSeconds)} old";

    private string Work()
    {
        long bytes = Interlocked.Read(ref _bytes);
        double seconds = Math.Max(_clock.GetElapsedTime(_begun).TotalSeconds, 0.001);
        double rate = bytes / seconds;
        string amount = $"{ByteSize.Format(bytes)} at {ByteSize.Format((long)rate)}/s";
        if (_totalBytes is not > 0)
        {
            return bytes == 0 ? $"{_activity}: {Math.Floor(seconds):0} s so far" : $"{_activity}: {amount}";
        }

        // The total is an estimate: never claim more than 99% before the work itself says it is done.
        double share = Math.Min((double)bytes / _totalBytes.Value, 0.99);
        string left = rate > 0 && bytes < _totalBytes ? $", {Seconds((_totalBytes.Value - bytes) / rate)} left" : "";
        string percent = (share * 100).ToString("0", CultureInfo.InvariantCulture);
        string bar = _terminal.ErrorIsTerminal ? $" [{new string('#', (int)(share * 24)).PadRight(24, '.')}]" : "";
        return $"{_activity}:{bar} {percent}%, {ByteSize.Format(bytes)} of about {ByteSize.Format(_totalBytes.Value)}, {ByteSize.Format((long)rate)}/s{left}";
    }

    private static string Seconds(double seconds) =>
        seconds < 60 ? $"{Math.Ceiling(seconds):0} s" : seconds < 3600 ? $"{seconds / 60:0} min" : $"{seconds / 3600:0.0} h";

    private string Fit(string line) => line.Length < _terminal.Width ? line : line[..(_terminal.Width - 1)];

    private void Clear()
    {
        if (_linesShown > 0)
        {
            _terminal.Error.Write($"\u001b[{_linesShown}A\u001b[0J");
            _linesShown = 0;
        }
    }
}
