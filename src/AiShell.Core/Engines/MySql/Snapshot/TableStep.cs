namespace AiShell.Engines.MySql.Snapshot;

/// <summary>One table, or a range of its rows, to be read by one session.</summary>
/// <param name="Rest">What follows the table's name in the SELECT: <c>WHERE …</c>; empty for the whole table.</param>
internal sealed record TableStep(DefinedTable Table, string Rest, long EstimatedBytes);
