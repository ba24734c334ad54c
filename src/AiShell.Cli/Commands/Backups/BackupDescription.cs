using System.Globalization;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using AiShell.Repository;
using AiShell.State;

namespace AiShell.Cli.Commands.Backups;

/// <summary>A backup as programs and people see it.</summary>
internal static class BackupDescription
{
    /// <param name="checks">Its verification results, newest first.</param>
    public static BackupDocument Describe(BackupRepository repository, CatalogueEntry entry, IEnumerable<VerificationResult> checks)
    {
        Manifest? manifest = entry.Manifest;
        return new BackupDocument(
            entry.Id,
            manifest?.Name,
            entry.Database,
            manifest?.Engine,
            manifest is null ? null : Lower(manifest.Kind),
            manifest?.Base,
            manifest?.Parent,
            manifest is null ? null : Lower(manifest.Format),
            manifest is null ? null : Lower(manifest.Scope),
            manifest?.Compression.Codec,
            manifest?.Compression.Level,
            Encrypted: false,
            manifest?.CreatedAt ?? TimeOf(entry.Id),
            manifest?.CompletedAt,
            manifest is null ? null : (long)(manifest.CompletedAt - manifest.CreatedAt).TotalMilliseconds,
            manifest?.TableCount,
            manifest is { Tables.Count: 0, TableCount: > 0 } ? null : manifest?.Rows,
            manifest?.PlainBytes,
            manifest?.StoredBytes,
            manifest?.Digest,
            $"{repository.Location}/backups/{entry.DatabaseFolder}/{entry.Id}",
            manifest is null ? "damaged" : "completed",
            entry.Damage?.Message,
            VerifiedOf([.. checks]),
            manifest?.Tags ?? new Dictionary<string, string>());
    }

    public static string When(DateTimeOffset? time) =>
        time is { } known ? known.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "-";

    public static string Count(long? number) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? "-";

    public static string Size(long? bytes) => bytes is { } known ? ByteSize.Format(known) : "-";

    /// <summary>One word for the table's last column.</summary>
    public static string VerifiedText(BackupDocument backup) => backup switch
    {
        { Status: "damaged" } => "DAMAGED",
        { Verified: null } => "no",
        { Verified.Ok: false } => $"FAILED ({backup.Verified.Level})",
        _ => backup.Verified.Level,
    };

    public static string Lower<T>(T value)
        where T : struct, Enum => value.ToString() switch
        {
            "SchemaOnly" => "schema-only",
            "DataOnly" => "data-only",
            var name => name.ToLowerInvariant(),
        };

    public static void PrintFacts(TextPage page, BackupDocument backup, TimeSpan? duration)
    {
        string? rate = duration is { TotalSeconds: > 0.001 } took && backup.PlainBytes is { } plain
            ? $" ({ByteSize.Format((long)(plain / took.TotalSeconds))}/s)"
            : null;
        page.Facts(
            ("Id", backup.Id),
            ("Name", backup.Name),
            ("Database", backup.Database),
            ("Kind", backup.Scope == "all" ? backup.Kind : $"{backup.Kind}, {backup.Scope}"),
            ("Builds on", backup.Parent is null || backup.Parent == backup.Base ? backup.Parent : $"{backup.Parent}, which builds on {backup.Base}"),
            ("Format", $"{backup.Format}, {backup.Compression}{(backup.Compression == "none" ? "" : $" level {backup.Level}")}"),
            ("Tables", Count(backup.Tables)),
            ("Rows", Count(backup.Rows)),
            ("Size", Size(backup.PlainBytes)),
            ("Stored", Size(backup.StoredBytes)),
            ("Duration", duration is { } time ? DurationText.Of(time) + rate : null),
            ("Created", When(backup.CreatedAt)),
            ("Path", backup.Path));
    }

    /// <summary>A failure counts for more than an older or shallower success.</summary>
    private static VerifiedDocument? VerifiedOf(VerificationResult[] checks)
    {
        VerificationResult? shown = checks.FirstOrDefault(bad => !bad.Ok && !checks.Any(good => good.Ok && good.Level >= bad.Level && good.Time > bad.Time))
            ?? checks.Where(check => check.Ok).MaxBy(check => check.Level);
        return shown is null ? null : new VerifiedDocument(Lower(shown.Level), shown.Ok, shown.Time, shown.Message);
    }

    private static DateTimeOffset? TimeOf(string id) =>
        DateTimeOffset.TryParseExact(
            id.Split('-')[1], "yyyyMMddHHmmss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : null;
}
