using System.Globalization;

namespace AiShell.Configuration;

/// <summary>The forms in which people write numbers, durations and rates.</summary>
public static class SettingText
{
    /// <summary>Decimal digits only: no sign, space, point or separator.</summary>
    public static bool IsWhole(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most;

    public static int Whole(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A whole number and a unit: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>12h</c>, <c>7d</c>, <c>2w</c>; without a unit, seconds.</summary>
    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        int digits = DigitsOf(text);
        if (digits == 0 || !long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return false;
        }

        double seconds = text[digits..] switch
        {
            "ms" => 0.001,
            "" or "s" => 1,
            "m" or "min" => 60,
            "h" => 3600,
            "d" => 86400,
            "w" => 7 * 86400,
            _ => 0,
        };
        // Ten thousand years is past any use and within TimeSpan's range.
        if (seconds == 0 || number * seconds > 3.2e11)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(number * seconds);
        return true;
    }

    /// <summary>
    /// Bytes, or bytes a second with a trailing <c>/s</c>: <c>50MB/s</c>, <c>1.5GiB</c>, <c>4096</c>. K, M and G are powers of 1000,
    /// Ki, Mi and Gi of 1024; the B may be left out.
    /// </summary>
    public static bool TryBytes(string text, out long bytes)
    {
        bytes = 0;
        string trimmed = text.EndsWith("/s", StringComparison.OrdinalIgnoreCase) ? text[..^2] : text;
        int digits = 0;
        while (digits < trimmed.Length && (char.IsAsciiDigit(trimmed[digits]) || trimmed[digits] == '.'))
        {
            digits++;
        }

        double unit = trimmed[digits..].Trim().ToUpperInvariant() switch
        {
            "" or "B" => 1,
            "K" or "KB" => 1e3,
            "M" or "MB" => 1e6,
            "G" or "GB" => 1e9,
            "T" or "TB" => 1e12,
            "KI" or "KIB" => 1024,
            "MI" or "MIB" => 1024 * 1024,
            "GI" or "GIB" => 1024 * 1024 * 1024,
            _ => 0,
        };
        if (unit == 0 || !double.TryParse(trimmed.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            || number * unit is < 1 or > 1e18)
        {
            return false;
        }

        bytes = (long)(number * unit);
        return true;
    }

    private static int DigitsOf(string text)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        return digits;
    }
}
