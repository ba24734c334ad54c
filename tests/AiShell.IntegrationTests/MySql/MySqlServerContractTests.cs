using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

public sealed class MySqlServerEngineTests(SharedMySql shared) : EngineContract, IClassFixture<SharedMySql>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlServerRestoreTests(SharedMySql shared) : EngineRestoreContract, IClassFixture<SharedMySql>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlServerSelectionTests(SharedMySql shared) : EngineSelectionContract, IClassFixture<SharedMySql>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlServerIncrementTests(SharedMySql shared) : EngineIncrementContract, IClassFixture<SharedMySql>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}
