using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>What the contract suite needs to know of a kind of database. One a test; disposing it removes all databases it made.</summary>
public interface IEngineFixture : IAsyncDisposable
{
    IDatabaseEngine Engine { get; }

    /// <summary>An existing private folder for scratch files.</summary>
    string ScratchDirectory { get; }

    /// <summary>A table of some hundred accounts with a balance each, which <see cref="TransferAsync"/> moves between them.</summary>
    TableName Accounts { get; }

    /// <summary>A table with values of every kind that the engine has.</summary>
    TableName Values { get; }

    /// <summary>A new database with both tables and, as far as the engine has them, an index, a view and a trigger.</summary>
    Task<DatabaseAddress> CreateBankAsync(string name);

    /// <summary>A new database without tables.</summary>
    Task<DatabaseAddress> CreateEmptyAsync(string name);

    /// <summary>Where no database is, but one could be made.</summary>
    DatabaseAddress AddressOf(string name);

    Task<bool> ExistsAsync(DatabaseAddress address);

    /// <summary>Moves money between accounts, a transaction each, until cancelled or <paramref name="count"/> is reached; returns how many.</summary>
    Task<int> TransferAsync(DatabaseAddress address, int count, CancellationToken cancellationToken);

    /// <summary>The sum of all balances: the same at every moment.</summary>
    Task<long> TotalAsync(DatabaseAddress address);

    /// <summary>Sets the balance of the first account.</summary>
    Task SetFirstBalanceAsync(DatabaseAddress address, long balance);

    Task DeleteFirstAccountAsync(DatabaseAddress address);

    /// <summary>Removes the rows of a table.</summary>
    Task ClearAsync(DatabaseAddress address, TableName table);

    /// <summary>Makes another table with one row.</summary>
    Task<TableName> AddTableAsync(DatabaseAddress address, string name);

    /// <summary>Everything the database declares and holds, read without ai-shell's own readers, in a fixed order.</summary>
    Task<IReadOnlyList<string>> ReadContentAsync(DatabaseAddress address);

    /// <summary>What is around: databases, files, sessions. A job that cleans up after itself leaves it as it was.</summary>
    Task<IReadOnlyList<string>> TracesAsync();

    /// <summary>A statement that returns one row with the number of accounts.</summary>
    string CountStatement { get; }

    /// <summary>A statement that returns a row for every account.</summary>
    string ListStatement { get; }

    /// <summary>A statement that changes accounts.</summary>
    string WriteStatement { get; }
}
