namespace AiShell.Engines.MySql.Schema;

/// <summary>Puts views behind those that they read. The server has no list of that, but it writes every definition in one form.</summary>
internal static class ViewOrder
{
    /// <param name="views">Name → CREATE VIEW as SHOW CREATE VIEW says it.</param>
    /// <returns>Names; each with the views that it reads.</returns>
    public static IReadOnlyList<(string Name, IReadOnlyList<string> Needs)> Of(IReadOnlyDictionary<string, string> views)
    {
        Dictionary<string, string[]> needs = views.ToDictionary(view => view.Key, view => RelationsIn(view.Value).Where(name => name != view.Key && views.ContainsKey(name)).Distinct().ToArray());
        List<(string, IReadOnlyList<string>)> order = [];
        HashSet<string> seen = [];
        foreach (string view in views.Keys.Order(StringComparer.Ordinal))
        {
            Visit(view, needs, seen, order);
        }

        return order;
    }

    /// <summary>
    /// Names that stand where relations of the own database do: no column (<c>`t`.`c`</c>), no alias (<c>AS `x`</c>, <c>`t` `x`</c>,
    /// <c>) `x`</c>), nothing of another database (<c>`db`.`t`</c>).
    /// </summary>
    public static IEnumerable<string> RelationsIn(string view)
    {
        List<SqlToken> tokens = SqlLexer.Tokens(view);
        int start = tokens.FindIndex(token => token.Is("VIEW")) + 3;
        for (int at = start; at < tokens.Count; at++)
        {
            SqlToken before = tokens[at - 1];
            bool qualified = before.Text == "." || (at + 1 < tokens.Count && tokens[at + 1].Text is "." or "(");
            if (tokens[at].IsName && !qualified && !before.IsName && !before.Is("AS") && before.Text != ")")
            {
                yield return SqlLexer.Unquote(tokens[at].Text);
            }
        }
    }

    private static void Visit(string view, Dictionary<string, string[]> needs, HashSet<string> seen, List<(string, IReadOnlyList<string>)> order)
    {
        if (!seen.Add(view))
        {
            return;
        }

        foreach (string needed in needs[view].Order(StringComparer.Ordinal))
        {
            Visit(needed, needs, seen, order);
        }

        order.Add((view, needs[view]));
    }
}
