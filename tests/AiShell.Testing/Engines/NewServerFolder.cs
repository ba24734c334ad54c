using System.Collections.Concurrent;
using CliWrap;

namespace AiShell.Testing.Engines;

/// <summary>
/// The data of new servers. initdb and mariadb-install-db take seconds; a copy of what they made once takes none. Each test process makes its
/// own, and removes it when it ends.
/// </summary>
internal static class NewServerFolder
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Made = new();

    /// <summary>Makes a folder with the data of a new server.</summary>
    /// <param name="kind">Names program and options: folders of the same kind are the same.</param>
    /// <param name="user">Whose the data are.</param>
    /// <param name="initializeAsync">Makes the data: in the folder <c>data</c> of the one that it is given, which is the user's.</param>
    /// <param name="target">Does not exist yet.</param>
    public static async Task MakeAsync(string kind, string user, Func<string, Task> initializeAsync, string target)
    {
        string made = await Made.GetOrAdd(kind, _ => new Lazy<Task<string>>(() => InitializeAsync(user, initializeAsync))).Value;
        await Cli.Wrap("cp").WithArguments(["-a", made, target]).ExecuteAsync();
    }

    private static async Task<string> InitializeAsync(string user, Func<string, Task> initializeAsync)
    {
        string folder = FastFolder.Create("ai-shell-new-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        await Cli.Wrap("chown").WithArguments([user, folder]).ExecuteAsync();
        await initializeAsync(folder);
        return Path.Combine(folder, "data");
    }
}
