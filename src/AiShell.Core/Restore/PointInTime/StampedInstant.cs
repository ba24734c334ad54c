using System.Globalization;
using AiShell.Engines;

namespace AiShell.Restore;

/// <summary>
/// Where an instant lies by a server's own stamps, for one of which nothing better is known. It is for people to judge: no plan goes by it. Where stamps are out of order, it is before
/// the first that is not earlier.
/// </summary>
internal sealed class StampedInstant(DateTimeOffset instant)
{
    private LinkTransaction? _before;
    private LinkTransaction? _same;
    private LinkTransaction? _next;
    private int _ofSame;
    private int _late;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The next in the order of the log.</summary>
    public void Add(LinkTransaction transaction)
    {
        Count++;
        LogStamp stamp = transaction.Stamp;
        bool isEarlier = stamp.At + stamp.Resolution <= instant;
        if (_next is not null)
        {
            _late += stamp.At <= instant ? 1 : 0;
        }
        else if (stamp.At > instant)
        {
            _next = transaction;
        }
        else if (isEarlier && _same is null)
        {
            _before = transaction;
        }
        else
        {
            _same = transaction;
            _ofSame++;
        }
    }

    /// <param name="start">Where the first of them begins.</param>
    public string Describe(LogPosition start)
    {
        if ((_before ?? _same ?? _next)?.Stamp is not { } stamp)
        {
            return "";
        }

        string unit = stamp.Resolution >= TimeSpan.FromSeconds(1) ? "second" : "microsecond";
        string before = _before is null ? "none is before it" : $"the last before it is of {RecoveryTarget.Show(_before.Stamp.At)}";
        string same = _same is null ? "" : string.Create(CultureInfo.InvariantCulture, $"; {_ofSame} of the same {unit}, with them: --to-position '{_same.Position}'");
        string next = _next is null ? "; none is after it" : $"; the next is of {RecoveryTarget.Show(_next.Stamp.At)}";
        string late = _late == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" Behind that, {_late} have earlier stamps: a clock was set back, or sessions overlapped.");
        return $"By the server's own stamps, each to the {unit} {stamp.Meaning}, {before}: --to-position '{_before?.Position ?? start}'{same}{next}.{late}";
    }
}
