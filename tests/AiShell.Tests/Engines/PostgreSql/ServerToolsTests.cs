using AiShell.Engines.PostgreSql.Schema;
using AiShell.Tests.Configuration;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>Which of the machine's PostgreSQL programs serves which server. The versions are ones that no distribution's folder here has.</summary>
public sealed class ServerToolsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-tools-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_oldest_on_the_path_that_is_not_older_than_the_server_serves_it()
    {
        string path = string.Join(Path.PathSeparator, Folder("a", 99), Folder("b", 97), Folder("c", 96), Path.Combine(_folder, "gone"));
        ServerTools tools = new(new FakeEnvironment(("PATH", path)));

        Assert.Equal(Path.Combine(_folder, "b", "pg_dump"), await tools.RequireAsync("pg_dump", 97, default));
        Assert.Equal(Path.Combine(_folder, "a", "pg_dump"), await tools.FindNewestAsync("pg_dump", default));
    }

    [Fact]
    public async Task The_distributions_folders_are_looked_at_where_the_path_has_none()
    {
        ServerTools tools = new(new FakeEnvironment(("PATH", _folder)));

        Assert.Equal("/usr/lib/postgresql/15/bin/pg_dump", await tools.RequireAsync("pg_dump", 15, default));
    }

    [Fact]
    public async Task One_that_is_too_old_is_told_with_what_to_install()
    {
        ServerTools tools = new(new FakeEnvironment(("PATH", Folder("a", 97))));

        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => tools.RequireAsync("pg_dump", 98, default));

        Assert.Contains("The server is PostgreSQL 98, and pg_dump here is only 97", failure.Message, StringComparison.Ordinal);
        Assert.Contains("postgresql-client-98", failure.Hint, StringComparison.Ordinal);
        Assert.Contains("AI_SHELL_PG_BIN", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_folder_that_was_given_is_the_only_one_that_is_looked_at()
    {
        ServerTools tools = new(new FakeEnvironment(("PATH", Folder("a", 99)), ("AI_SHELL_PG_BIN", Folder("given", 98))));
        Assert.Equal(Path.Combine(_folder, "given", "pg_dump"), await tools.RequireAsync("pg_dump", 15, default));

        ServerTools empty = new(new FakeEnvironment(("PATH", Folder("a", 99)), ("AI_SHELL_PG_BIN", _folder)));
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => empty.RequireAsync("pg_dump", 15, default));
        Assert.Contains($"was not found in '{_folder}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_say_its_version_is_not_one()
    {
        string folder = Folder("a", 99);
        await File.WriteAllTextAsync(Path.Combine(folder, "pg_dump"), "#!/bin/sh\necho nothing of the kind\n");
        ServerTools tools = new(new FakeEnvironment(("AI_SHELL_PG_BIN", folder)));

        Assert.Null(await tools.FindNewestAsync("pg_dump", default));
    }

    private string Folder(string name, int version)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        string program = Path.Combine(folder, "pg_dump");
        File.WriteAllText(program, $"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.1 (test)'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
