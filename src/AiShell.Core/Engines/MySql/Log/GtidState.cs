using System.Globalization;

namespace AiShell.Engines.MySql.Log;

/// <summary>MariaDB's "GTID position": the last transaction of each domain, in the order of the domains, so that the same state is always the same text.</summary>
internal sealed class GtidState
{
    private readonly SortedDictionary<uint, (uint Server, ulong Number)> _last = [];

    private GtidState()
    {
    }

    /// <param name="text">As the server says it: <c>0-1-42,3-1-7</c>; empty for none.</param>
    /// <returns>Null where it is no MariaDB's.</returns>
    public static GtidState? Parse(string text)
    {
        GtidState state = new();
        foreach (string gtid in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!state.Add(gtid))
            {
                return null;
            }
        }

        return state;
    }

    /// <summary>The same text for the same state; what is no MariaDB's stays as it is.</summary>
    public static string Normalize(string text) => Parse(text)?.ToString() ?? text;

    /// <summary>A transaction follows. False where it is no MariaDB's.</summary>
    public bool Add(string gtid)
    {
        if (gtid.Split('-') is not [var domain, var server, var number]
            || !uint.TryParse(domain, NumberStyles.None, CultureInfo.InvariantCulture, out uint ofDomain)
            || !uint.TryParse(server, NumberStyles.None, CultureInfo.InvariantCulture, out uint ofServer)
            || !ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong ofNumber))
        {
            return false;
        }

        _last[ofDomain] = (ofServer, ofNumber);
        return true;
    }

    /// <summary>Which number a domain has reached; null where it has none.</summary>
    public ulong? NumberOf(uint domain) => _last.TryGetValue(domain, out (uint Server, ulong Number) last) ? last.Number : null;

    public override string ToString() => string.Join(',', _last.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key}-{entry.Value.Server}-{entry.Value.Number}")));
}
