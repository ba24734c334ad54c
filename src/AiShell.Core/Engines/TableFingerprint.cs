using System.Globalization;
using System.IO.Hashing;

namespace AiShell.Engines;

/// <summary>
/// A table's content in one value: its row count and the sum, modulo 2^128, of the XxHash128 of every row in the
/// engine's canonical encoding (docs/format.md). The order of rows does not matter, so parallel readers may add up
/// their shares, and the same content read from the source, the parts or the restored copy gives the same value.
/// </summary>
public readonly record struct TableFingerprint(long Rows, UInt128 Sum)
{
    public static readonly TableFingerprint Empty;

    /// <summary>Adds one row given in canonical encoding.</summary>
    public TableFingerprint Add(ReadOnlySpan<byte> canonicalRow) =>
        new(Rows + 1, unchecked(Sum + XxHash128.HashToUInt128(canonicalRow)));

    /// <summary>Adds the rows of another share of the same table.</summary>
    public TableFingerprint Add(TableFingerprint other) => new(Rows + other.Rows, unchecked(Sum + other.Sum));

    /// <summary>32 lower-case hexadecimal digits, most significant first: what the manifest holds.</summary>
    public string ToHex() => Sum.ToString("x32", CultureInfo.InvariantCulture);

    /// <exception cref="FormatException"><paramref name="hex"/> is not 32 hexadecimal digits.</exception>
    public static TableFingerprint Parse(long rows, string hex) =>
        hex.Length == 32
            ? new(rows, UInt128.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))
            : throw new FormatException("A fingerprint has 32 hexadecimal digits.");
}

/// <summary>One table's fingerprint.</summary>
public sealed record TableDigest(TableName Table, TableFingerprint Fingerprint);
