using AiShell.Engines;
using AiShell.Engines.MySql.Restore;

namespace AiShell.Tests.Engines.MySql;

public sealed class LoadOrderTests
{
    /// <param name="tables">Sizes of the parts of tables a, b, c and so on.</param>
    [Theory]
    [InlineData(2, "", "")]
    [InlineData(2, "5", "a")]
    [InlineData(2, "0 | 0", "a b")]
    [InlineData(2, "1 | 9 9", "b b a")]
    [InlineData(2, "8 8 | 9 9", "b a b a")] // neither's keys wait for the other's
    [InlineData(1, "8 8 | 9 9", "b b a a")]
    [InlineData(2, "8 8 8 8 | 9 9 9 3 | 1 | 2", "a b a b a b a b d c")] // small ones do not fill the time
    [InlineData(2, "9 9 | 8 8 | 9 9 9 | 4 4 4", "c c c a a d b d b d")]
    [InlineData(3, "9 9 | 8 8 | 9 9 9 | 4 4 4", "c c c d a b d a b d")]
    [InlineData(2, "3 3 | 3 | 3 | 3 | 3 | 3", "a a b c d e f")] // the last two by themselves: one part each
    public void Tables_that_are_the_last_of_size_are_loaded_side_by_side(int workers, string tables, string order) =>
        Assert.Equal(order, string.Join(' ', LoadOrder.Of(PartsOf(tables), workers).Select(part => part.Table!.Name)));

    [Fact]
    public void A_tables_parts_keep_their_order()
    {
        BackupPart[] ordered = [.. LoadOrder.Of(PartsOf("7 7 7 7 | 8 8 8"), 2)];

        Assert.All(ordered.GroupBy(part => part.Table), table => Assert.Equal(table.OrderBy(part => part.Index), table));
        Assert.Equal(7, ordered.Distinct().Count());
    }

    [Theory]
    [InlineData(2, "", "")]
    [InlineData(1, "8 8 | 9 9 9", "bbb aa")]
    [InlineData(2, "9 9 9 9 9", "aaa aa")]
    [InlineData(2, "8 8 8 | 9 9 9", "bb aa b a")]
    [InlineData(4, "9 9 9 9 9 | 1", "aa a a a b")]
    public void Of_a_table_no_more_runs_are_loaded_at_once_than_there_are_workers(int workers, string tables, string runs) =>
        Assert.Equal(runs, string.Join(' ', LoadOrder.Runs(PartsOf(tables), workers).Select(run => string.Concat(run.Select(part => part.Table!.Name)))));

    private static IEnumerable<BackupPart> PartsOf(string tables) => tables.Split(" | ", StringSplitOptions.RemoveEmptyEntries)
        .SelectMany((parts, table) => parts.Split(' ').Select(size => (Name: $"{(char)('a' + table)}", Bytes: int.Parse(size, System.Globalization.CultureInfo.InvariantCulture))))
        .Select((part, index) => new BackupPart(index, PartPhase.Data, new TableName("", part.Name), "sql", 1, part.Bytes, 0));
}
