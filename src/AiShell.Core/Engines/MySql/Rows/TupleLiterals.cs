namespace AiShell.Engines.MySql;

/// <summary>Finds the literals in a canonical row.</summary>
internal static class TupleLiterals
{
    public static List<Range> Split(ReadOnlySpan<byte> tuple)
    {
        List<Range> literals = [];
        for (int at = 1; at < tuple.Length && tuple[at] != ')';)
        {
            int start = at;
            at = tuple[at] == '\'' ? EndOfText(tuple, at) : at + tuple[at..].IndexOfAny((byte)',', (byte)')');
            literals.Add(start..at);
            at += tuple[at] == ',' ? 1 : 0;
        }

        return literals;
    }

    /// <summary>Past the closing quote.</summary>
    private static int EndOfText(ReadOnlySpan<byte> tuple, int at)
    {
        for (at++; tuple[at] != '\''; at++)
        {
            at += tuple[at] == '\\' ? 1 : 0;
        }

        return at + 1;
    }
}
