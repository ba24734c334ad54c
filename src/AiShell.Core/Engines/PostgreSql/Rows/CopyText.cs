using System.Text;

namespace AiShell.Engines.PostgreSql;

/// <summary>Values in COPY's text format (manual, COPY, "Text Format").</summary>
internal static class CopyText
{
    /// <summary>A field as the value it stands for; null for NULL.</summary>
    public static string? Decode(string field)
    {
        if (field == "\\N")
        {
            return null;
        }

        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        StringBuilder value = new(field.Length);
        for (int at = 0; at < field.Length; at++)
        {
            value.Append(field[at] != '\\' || at + 1 == field.Length ? field[at] : field[++at] switch
            {
                'b' => '\b',
                'f' => '\f',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\v',
                char other => other,
            });
        }

        return value.ToString();
    }
}
