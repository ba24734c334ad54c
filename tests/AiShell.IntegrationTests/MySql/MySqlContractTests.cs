using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

public sealed class MySqlEngineTests(SharedMariaDb shared) : EngineContract, IClassFixture<SharedMariaDb>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlRestoreTests(SharedMariaDb shared) : EngineRestoreContract, IClassFixture<SharedMariaDb>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlSelectionTests(SharedMariaDb shared) : EngineSelectionContract, IClassFixture<SharedMariaDb>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}

public sealed class MySqlIncrementTests(SharedMariaDb shared) : EngineIncrementContract, IClassFixture<SharedMariaDb>
{
    protected override IEngineFixture CreateFixture() => new MySqlFamilyFixture(shared.Server);
}
