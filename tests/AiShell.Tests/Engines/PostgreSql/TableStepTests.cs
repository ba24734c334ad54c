using AiShell.Engines;
using AiShell.Engines.PostgreSql.Snapshot;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>Which tables are read in ranges of pages.</summary>
public sealed class TableStepTests
{
    private const long Megabyte = 1 << 20;

    private static readonly SourceTable Large = TableOf("large", 1000);

    [Theory]
    [InlineData(130000)]
    [InlineData(139999)]
    public void A_server_that_would_read_the_whole_table_for_each_range_reads_it_once(int version)
    {
        TableStep step = Assert.Single(TableStep.Split([Large], 4, null, Megabyte, version));

        Assert.Equal((null, null), (step.FirstPage, step.EndPage));
        Assert.Equal("COPY \"public\".\"large\" (\"x\") TO STDOUT", step.CopyStatement);
    }

    [Fact]
    public void Ranges_hold_every_page_once()
    {
        TableStep[] steps = [.. TableStep.Split([Large], 4, null, Megabyte, 140000)];

        Assert.Equal(16, steps.Length);
        Assert.Null(steps[0].FirstPage);
        Assert.Null(steps[^1].EndPage);
        Assert.Equal(steps.SkipLast(1).Select(step => step.EndPage), steps.Skip(1).Select(step => step.FirstPage));
        Assert.EndsWith("WHERE ctid >= '(8000,0)' AND ctid < '(16000,0)') TO STDOUT", steps[1].CopyStatement, StringComparison.Ordinal);
    }

    [Fact]
    public void One_session_and_a_table_that_is_no_more_than_its_share_need_no_ranges()
    {
        Assert.Single(TableStep.Split([Large], 1, null, Megabyte, 180000));
        Assert.Equal(8, TableStep.Split([.. Enumerable.Range(0, 8).Select(number => TableOf($"t{number}", 10))], 2, null, Megabyte, 180000).Count());
        Assert.Single(TableStep.Split([Large with { Condition = "WHERE x > 0" }], 4, null, Megabyte, 180000));
    }

    [Theory]
    [InlineData(130000)]
    [InlineData(180000)]
    public void A_table_in_this_machines_memory_is_passed_over_once_by_each_worker(int version)
    {
        TableStep[] steps = [.. TableStep.Split([Large], 3, 4000 * Megabyte, Megabyte, version)];

        Assert.Equal(3, steps.Length);
        Assert.All(steps, step => Assert.True(step.PassesOver && step.IsRange));
        Assert.Equal(steps.SkipLast(1).Select(step => step.EndPage), steps.Skip(1).Select(step => step.FirstPage));
        Assert.False(Assert.Single(TableStep.Split([Large], 1, 4000 * Megabyte, Megabyte, version)).PassesOver);
    }

    [Fact]
    public void A_table_beyond_this_machines_memory_is_read_in_ranges_by_half_of_the_workers()
    {
        Assert.Single(TableStep.Split([Large], 2, 3999 * Megabyte, Megabyte, 180000));
        TableStep[] steps = [.. TableStep.Split([Large], 4, 3999 * Megabyte, Megabyte, 180000)];

        Assert.Equal(8, steps.Length);
        Assert.All(steps, step => Assert.False(step.PassesOver));
    }

    private static SourceTable TableOf(string name, long megabytes) =>
        new("1", new TableName("public", name), ["x"], null, HasRowSecurity: false, IsOfExtension: false, megabytes * Megabyte, megabytes * Megabyte / 8192);
}
