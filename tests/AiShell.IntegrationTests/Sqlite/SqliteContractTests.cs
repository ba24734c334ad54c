using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.Sqlite;

public sealed class WalEngineTests : EngineContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("wal");
}

public sealed class WalRestoreTests : EngineRestoreContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("wal");
}

public sealed class WalSelectionTests : EngineSelectionContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("wal");
}

public sealed class JournalEngineTests : EngineContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("delete");
}

public sealed class JournalRestoreTests : EngineRestoreContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("delete");
}

public sealed class JournalSelectionTests : EngineSelectionContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("delete");
}

public sealed class WalIncrementTests : EngineIncrementContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("wal");
}

public sealed class JournalIncrementTests : EngineIncrementContract
{
    protected override IEngineFixture CreateFixture() => new SqliteFixture("delete");
}
