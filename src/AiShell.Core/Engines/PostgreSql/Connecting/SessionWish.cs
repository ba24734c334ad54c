using AiShell.Engines.PostgreSql.Wire;

namespace AiShell.Engines.PostgreSql.Connecting;

/// <summary>What kind of server the user wants among several (manual, <c>target_session_attrs</c>).</summary>
/// <param name="Name">As libpq names it.</param>
internal sealed record SessionWish(string Name)
{
    public static readonly IReadOnlyList<string> Names = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"];

    public static SessionWish Any { get; } = new("any");

    /// <summary>With the wish that is left when no host serves this one; null when there is none.</summary>
    public SessionWish? Otherwise => Name == "prefer-standby" ? Any : null;

    public bool IsServedBy(WireSession session) => Name switch
    {
        "read-write" => session.Scalar("SHOW transaction_read_only") == "off",
        "read-only" => session.Scalar("SHOW transaction_read_only") == "on",
        "primary" => session.Scalar("SELECT pg_is_in_recovery()") == "f",
        "standby" or "prefer-standby" => session.Scalar("SELECT pg_is_in_recovery()") == "t",
        _ => true,
    };
}
