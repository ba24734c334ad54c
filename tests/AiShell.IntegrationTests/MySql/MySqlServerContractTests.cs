using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

[Collection(OnMySql.Name)]
public sealed class MySqlServerEngineTests(SharedMySql shared) : EngineContract
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

[Collection(OnMySql.Name)]
public sealed class MySqlServerRestoreTests(SharedMySql shared) : EngineRestoreContract
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

[Collection(OnMySql.Name)]
public sealed class MySqlServerSelectionTests(SharedMySql shared) : EngineSelectionContract
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlServerIncrementTests(SharedMySql shared) : EngineIncrementContract, IClassFixture<SharedMySql>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}
