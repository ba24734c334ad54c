using AiShell.Connections;

namespace AiShell.Engines.Sqlite;

/// <summary>An empty database in a private folder of its own, which goes with it.</summary>
internal sealed class SqliteScratch : IScratchDatabase
{
    private readonly string _folder;

    public SqliteScratch(string scratchDirectory)
    {
        _folder = Path.Combine(scratchDirectory, $"database-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_folder);
        Address = DatabaseAddress.OfFile(Path.Combine(_folder, "scratch.db"));
        using var file = File.OpenHandle(Address.Database, FileMode.CreateNew, FileAccess.Write);
        DatabaseFile.MakePrivate(file);
    }

    public DatabaseAddress Address { get; }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
