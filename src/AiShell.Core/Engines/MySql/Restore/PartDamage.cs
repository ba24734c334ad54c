namespace AiShell.Engines.MySql.Restore;

internal static class PartDamage
{
    public static AiShellException Of(BackupPart part, Exception damage) => new(
        ErrorKind.Integrity,
        $"The backup is damaged: part {part.Index + 1}{(part.Table is null ? "" : $" (rows of '{part.Table}')")}: {damage.Message}.",
        "Use another backup ('ai-shell backup list').",
        damage);
}
