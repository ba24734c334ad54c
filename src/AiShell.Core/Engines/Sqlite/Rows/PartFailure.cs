namespace AiShell.Engines.Sqlite.Rows;

/// <summary>How a part of rows is named in errors.</summary>
internal static class PartFailure
{
    public static string Name(BackupPart part) =>
        part.Table is null ? $"part {part.Index + 1} (schema)" : $"part {part.Index + 1} (table '{part.Table.Name}', {part.Extension})";

    public static AiShellException Damaged(BackupPart part, long rowsBefore, long offset, Exception cause) => new(
        ErrorKind.Integrity,
        $"The backup is damaged: {Name(part)}, row {rowsBefore + 1:N0}, near byte {offset:N0}: {cause.Message}.",
        "Use another backup ('ai-shell backup list').",
        cause);
}
