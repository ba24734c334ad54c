using System.Globalization;

namespace AiShell.Engines.MySql;

/// <summary>Doubles as the shortest literal that reads back the same: <c>0.1</c>, <c>1e300</c>, <c>1.5e-7</c>.</summary>
internal static class RealLiteral
{
    public const int Longest = 32;

    /// <returns>Bytes written.</returns>
    public static int Write(double value, Span<byte> literal)
    {
        if (value == 0 && double.IsNegative(value))
        {
            "-0e0"u8.CopyTo(literal); // -0 is an integer, which has no minus zero
            return 4;
        }

        value.TryFormat(literal, out int written, "R", CultureInfo.InvariantCulture);
        int exponent = literal[..written].IndexOf((byte)'E');
        if (exponent < 0)
        {
            return written;
        }

        // E+300, E-07
        int to = exponent;
        literal[to++] = (byte)'e';
        if (literal[exponent + 1] == '-')
        {
            literal[to++] = (byte)'-';
        }

        ReadOnlySpan<byte> power = literal[(exponent + 2)..written].TrimStart((byte)'0');
        power.CopyTo(literal[to..]);
        return to + power.Length;
    }
}
