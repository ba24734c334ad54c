using AiShell.Engines.Sqlite;
using CliWrap;
using CliWrap.Buffered;
using Microsoft.Data.Sqlite;

namespace AiShell.Testing.Engines.Sqlite;

/// <summary>A private folder with SQLite databases; removed at the end. <see cref="ShellAsync"/> is the stock sqlite3, a process of its own.</summary>
public sealed class SqliteFolder : IDisposable
{
    public SqliteFolder()
    {
        Folder = Directory.CreateTempSubdirectory("ai-shell-sqlite-").FullName;
        Scratch = Directory.CreateDirectory(Path.Combine(Folder, "scratch")).FullName;
    }

    public string Folder { get; }

    /// <summary>For the engine's private copies; empty when it has cleaned up.</summary>
    public string Scratch { get; }

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Makes or changes a database from this process.</summary>
    public string Write(string name, params string[] statements)
    {
        string path = PathOf(name);
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Creator, TimeSpan.FromSeconds(5));
        foreach (string statement in statements)
        {
            SqliteSession.Execute(connection, statement);
        }

        return path;
    }

    public static long Scalar(string path, string sql)
    {
        using SqliteConnection connection = SqliteSession.Open(path, SqliteAccess.Reader, TimeSpan.FromSeconds(5));
        return SqliteSession.ScalarInt64(connection, sql);
    }

    /// <summary>Runs the stock sqlite3 on the database and returns what it prints, errors included.</summary>
    public static async Task<string> ShellAsync(string path, string script)
    {
        BufferedCommandResult result = await Cli.Wrap("sqlite3")
            .WithArguments(["-batch", path])
            .WithStandardInputPipe(PipeSource.FromString(script))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        return (result.StandardOutput + result.StandardError).Trim();
    }

    /// <summary>Copies a file that this process has open in SQLite: opening and closing it here would drop SQLite's locks.</summary>
    public static async Task CopyByOtherProcessAsync(string from, string to) =>
        await Cli.Wrap("cp").WithArguments([from, to]).ExecuteAsync();

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
