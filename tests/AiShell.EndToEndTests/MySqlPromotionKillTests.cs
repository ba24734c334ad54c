using AiShell.Testing.Engines.MySql;
using Xunit.Abstractions;

namespace AiShell.EndToEndTests;

public sealed class MySqlPromotionKillTests(ITestOutputHelper output) : MySqlPromotionKillSuite(output)
{
    [Fact]
    public Task A_restore_that_is_killed_at_any_statement_of_its_promotion_is_finished_or_undone_by_the_next() => RequireFinishedOrUndoneAsync();

    [Fact]
    public Task A_restore_that_swaps_in_one_statement_and_keeps_the_old_database_is_finished_or_undone_too() => RequireOldKeptAsync();

    [Fact]
    public Task A_restore_of_some_tables_is_finished_or_undone_too() => RequireTablesFinishedOrUndoneAsync();

    [Theory]
    [InlineData(true, "--force")]
    [InlineData(false, "--force", "--keep-old")]
    [InlineData(true, "--force", "--tables", "child")]
    public Task What_kills_leave_when_they_come_while_an_earlier_one_is_recovered_from_is_finished_or_undone_too(bool olderServer, params string[] restore) => RequireRecoveredAsync(olderServer, restore);

    [Fact]
    public Task A_RENAME_that_waits_in_the_server_never_comes_when_its_restore_is_killed() => RequireNoLateRenameAsync();
}

/// <summary>A part of the statements: what MySQL defines it writes down at once, and takes longer for.</summary>
public sealed class MySqlServerPromotionKillTests(ITestOutputHelper output) : MySqlPromotionKillSuite(output)
{
    protected override Task<MySqlFamilyServer> StartServerAsync() => StartMySqlAsync();

    [Fact]
    public Task A_restore_that_is_killed_at_statements_of_its_promotion_is_finished_or_undone_by_the_next() => RequireFinishedOrUndoneAsync(every: 5);

    [Fact]
    public Task A_RENAME_that_waits_in_the_server_never_comes_when_its_restore_is_killed() => RequireNoLateRenameAsync();
}
