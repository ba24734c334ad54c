using System.Buffers;
using System.Globalization;

namespace AiShell;

/// <summary>Sizes for people, and what people type as sizes. Units are powers of 1024.</summary>
public static class ByteSize
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB"];

    /// <summary><c>512 B</c>, <c>1.5 KB</c>, <c>64 MB</c>.</summary>
    public static string Format(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (Math.Abs(value) >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        string format = unit == 0 || value >= 100 ? "0" : "0.#";
        return $"{value.ToString(format, CultureInfo.InvariantCulture)} {Units[unit]}";
    }

    /// <summary>Reads <c>500</c>, <c>64KB</c>, <c>1.5 GiB</c>, <c>50MB/s</c>; false for anything else, or below one byte.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string trimmed = text.Trim();
        if (trimmed.EndsWith("/s", StringComparison.OrdinalIgnoreCase))
        {
            trimmed = trimmed[..^2].TrimEnd();
        }

        int digits = trimmed.AsSpan().IndexOfAnyExcept(Digits);
        (string number, string unit) = digits < 0 ? (trimmed, "B") : (trimmed[..digits], trimmed[digits..].Trim().ToUpperInvariant().Replace("IB", "B", StringComparison.Ordinal));
        int power = Array.FindIndex(Units, candidate => unit == candidate || (unit.Length == 1 && unit != "B" && candidate.StartsWith(unit, StringComparison.Ordinal)));
        if (power < 0 || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
        {
            return false;
        }

        double total = value * Math.Pow(1024, power);
        bytes = total is >= 1 and < long.MaxValue ? (long)total : 0;
        return bytes > 0;
    }
}
