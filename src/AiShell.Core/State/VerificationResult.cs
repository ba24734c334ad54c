namespace AiShell.State;

/// <summary>How thoroughly a backup was checked, in rising order.</summary>
public enum VerificationLevel
{
    /// <summary>Every part is there with its size and SHA-256.</summary>
    Checksum,

    /// <summary>Every byte was decompressed and parsed, every row counted and fingerprinted.</summary>
    Deep,

    /// <summary>It was restored for real and compared.</summary>
    Test,
}

/// <summary>The last result of one level of checking a backup.</summary>
public sealed record VerificationResult(DateTimeOffset Time, VerificationLevel Level, bool Ok, string? Message);
