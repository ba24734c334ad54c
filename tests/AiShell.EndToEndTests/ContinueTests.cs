namespace AiShell.EndToEndTests;

/// <summary>SQLite keeps its copy in a folder beside the target.</summary>
public sealed class ContinueTests : ContinueSuite
{
    protected override string Target => Shell.PathOf("shop.db");

    protected override string OtherTarget => Shell.PathOf("other.db");

    protected override string Name => "shop.db";

    protected override string FormatWithoutLog => "sql";

    protected override (int Rounds, int Earliest, int Latest) Kills => (12, 150, 900);

    public override Task InitializeAsync() => Task.CompletedTask;

    protected override Task CreateAsync() => Shell.SqliteAsync(Target, "PRAGMA journal_mode = wal; CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB);");

    protected override Task InsertAsync(int id) => Shell.SqliteAsync(Target, $"INSERT INTO item VALUES({id}, randomblob(20000));");

    protected override Task<string> IdsAsync() => CopyIdsAsync(Target);

    protected override Task<string> CopyIdsAsync(string copy) => Shell.SqliteAsync(copy, "SELECT group_concat(id) FROM (SELECT id FROM item ORDER BY id);");

    protected override Task<string[]> CopiesAsync() =>
        Task.FromResult(Directory.GetDirectories(Shell.Folder, ".ai-shell-restore-*").Select(folder => Path.Combine(folder, "new.db")).Where(File.Exists).ToArray());

    protected override Task<int> PlacesAsync() => Task.FromResult(Directory.GetDirectories(Shell.Folder, ".ai-shell-restore-*").Length);

    protected override Task ChangeAsync(string copy) => Shell.SqliteAsync(copy, "INSERT INTO item VALUES(99, x'00');");
}
