namespace AiShell.Engines.MySql;

/// <summary>What little must be known of a statement's text (manual, "Language Structure").</summary>
internal static class StatementText
{
    /// <summary>
    /// The words outside of strings, quoted names and comments, in capitals. A comment whose content the server runs (<c>/*!</c>,
    /// <c>/*M!</c>) comes as the word <c>/*!</c>, a semicolon with something after it as <c>;</c>.
    /// </summary>
    /// <param name="backslashEscapes">Whether <c>\'</c> stands for a quote in a string; under NO_BACKSLASH_ESCAPES it ends it.</param>
    public static IEnumerable<string> Words(string statement, bool backslashEscapes) => PlacedWords(statement, backslashEscapes).Select(word => word.Word);

    /// <summary>The <see cref="Words"/> with where each begins and ends, the end excluded.</summary>
    public static IEnumerable<(string Word, int Start, int End)> PlacedWords(string statement, bool backslashEscapes)
    {
        for (int at = 0; at < statement.Length;)
        {
            int from = at;
            at = After(statement, at, backslashEscapes, out bool runs);
            if (runs)
            {
                yield return ("/*!", from, at);
            }
            else if (IsWord(statement[from]))
            {
                yield return (statement[from..at].ToUpperInvariant(), from, at);
            }
            else if (statement[from] == ';' && statement.AsSpan(at).ContainsAnyExcept("; \t\r\n"))
            {
                yield return (";", from, at);
            }
        }
    }

    private static bool IsWord(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$' or '@' || letter >= 0x80;

    /// <summary>The end of the word, string, name, comment or single character that begins there.</summary>
    private static int After(string text, int at, bool backslashEscapes, out bool runs)
    {
        runs = false;
        switch (text[at])
        {
            case '\'' or '"':
                return AfterQuote(text, at, backslashEscapes);
            case '`':
                return AfterQuote(text, at, false);
            case '#':
            case '-' when At(text, at + 1) == '-' && At(text, at + 2) is '\0' or ' ' or '\t' or '\r' or '\n':
                return text.IndexOf('\n', at) is >= 0 and int line ? line + 1 : text.Length;
            case '/' when At(text, at + 1) == '*':
                runs = At(text, at + 2) == '!' || (At(text, at + 2) == 'M' && At(text, at + 3) == '!');
                return text.IndexOf("*/", at + 2, StringComparison.Ordinal) is >= 0 and int close ? close + 2 : text.Length;
        }

        int end = at + 1;
        while (IsWord(text[at]) && end < text.Length && IsWord(text[end]))
        {
            end++;
        }

        return end;
    }

    private static int AfterQuote(string text, int at, bool backslashEscapes)
    {
        for (int end = at + 1; end < text.Length; end++)
        {
            if (text[end] == '\\' && backslashEscapes)
            {
                end++;
            }
            else if (text[end] == text[at])
            {
                return end + 1; // a doubled quote begins the next string at once
            }
        }

        return text.Length;
    }

    private static char At(string text, int at) => at < text.Length ? text[at] : '\0';
}
