using Xunit.Abstractions;

[assembly: TestCollectionOrderer("AiShell.EndToEndTests.LongestFirst", "AiShell.EndToEndTests")]

namespace AiShell.EndToEndTests;

/// <summary>
/// xunit runs as many classes at once as there are processors. The ones that take minutes begin first: one that began last would have the
/// machine for itself while the others wait for it.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(MySqlMemoryTests), nameof(PostgreSqlMemoryTests), nameof(MySqlServerFaultTests), nameof(PostgreSqlServerFaultTests), nameof(PostgreSqlRestoreTests), nameof(KillTests), nameof(MySqlKillTests), nameof(PointInTimeTests),
        nameof(MySqlContinueTests), nameof(MySqlPromotionKillTests), nameof(MySqlServerPromotionKillTests), nameof(MySqlPointInTimeTests), nameof(MySqlLogDamageTests), nameof(RepositoryCommandTests), nameof(PromotionKillTests), nameof(PostgreSqlGlobalsTests), nameof(PostgreSqlKillTests),
    ];

    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => Array.FindIndex(Longest, name => collection.DisplayName.EndsWith($".{name}", StringComparison.Ordinal)) is >= 0 and int place ? place : Longest.Length);
}
