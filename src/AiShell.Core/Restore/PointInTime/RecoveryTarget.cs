using System.Globalization;
using AiShell.Engines;

namespace AiShell.Restore;

/// <summary>How far a database's history is to be restored.</summary>
public abstract record RecoveryTarget
{
    private RecoveryTarget()
    {
    }

    /// <summary>As far as it is known.</summary>
    public sealed record Latest : RecoveryTarget
    {
        public override string ToString() => "the latest moment";
    }

    /// <summary>Everything committed at this instant or before it, nothing after.</summary>
    public sealed record Instant(DateTimeOffset At) : RecoveryTarget
    {
        public override string ToString() => Show(At);
    }

    /// <summary>Right after the transaction that ends there.</summary>
    public sealed record Position(LogPosition At) : RecoveryTarget
    {
        public override string ToString() => $"'{At}'";
    }

    /// <summary>An instant as it can be given again, exactly: UTC, to the tenth of a microsecond.</summary>
    public static string Show(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
