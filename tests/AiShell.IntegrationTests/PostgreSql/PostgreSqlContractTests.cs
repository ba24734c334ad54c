using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.PostgreSql;

public sealed class PostgreSqlEngineTests(SharedServer shared) : EngineContract, IClassFixture<SharedServer>
{
    protected override IEngineFixture CreateFixture() => new PostgreSqlFixture(shared.Server);
}

public sealed class PostgreSqlRestoreTests(SharedServer shared) : EngineRestoreContract, IClassFixture<SharedServer>
{
    protected override IEngineFixture CreateFixture() => new PostgreSqlFixture(shared.Server);
}

public sealed class PostgreSqlSelectionTests(SharedServer shared) : EngineSelectionContract, IClassFixture<SharedServer>
{
    protected override IEngineFixture CreateFixture() => new PostgreSqlFixture(shared.Server);
}
