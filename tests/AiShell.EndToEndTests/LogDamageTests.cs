namespace AiShell.EndToEndTests;

public sealed class LogDamageTests : LogDamageSuite
{
    protected override string LogOf(string name) => $"{name}.db";

    protected override Task MakeAsync(Shell shell, string name, bool elsewhere) =>
        Shell.SqliteAsync(PathOf(shell, name), "PRAGMA journal_mode = wal; CREATE TABLE item(id INTEGER PRIMARY KEY, content BLOB);");

    protected override Task CommitAsync(Shell shell, string name, bool elsewhere) => Shell.SqliteAsync(PathOf(shell, name), "INSERT INTO item(content) VALUES(randomblob(3000));");

    protected override string AddressOf(Shell shell, string name, bool elsewhere) => PathOf(shell, name);

    protected override Task<bool> ExistsAsync(Shell shell, string name) => Task.FromResult(File.Exists(PathOf(shell, name)));

    protected override Task DropAsync(Shell shell, string name)
    {
        File.Delete(PathOf(shell, name));
        return Task.CompletedTask;
    }

    private string PathOf(Shell shell, string name) => shell.PathOf(LogOf(name));
}
