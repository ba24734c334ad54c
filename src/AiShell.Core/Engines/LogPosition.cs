namespace AiShell.Engines;

/// <summary>
/// An engine's own coordinate of a moment in a database's history, in the engine's own printable form (SQLite:
/// <c>change 42, frame 7 of 0x1f2e3d4c…, sum 0x9a8b7c6d…</c>). Nothing outside the engine's folder looks inside.
/// </summary>
public sealed record LogPosition(string Value)
{
    public override string ToString() => Value;
}
