using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.IntegrationTests;

/// <summary>A user's folder and variables of a test's own, so that nothing of the machine plays in.</summary>
/// <param name="whoAmI">A statement that tells the name of the session's user.</param>
public abstract class UserSurroundings<TEngine>(Func<IEnvironment, TEngine> create, string whoAmI) : IEnvironment, IDisposable
    where TEngine : IDatabaseEngine
{
    private readonly Dictionary<string, string> _variables = new() { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "" };

    public string UserFolder { get; } = Directory.CreateTempSubdirectory("ai-shell-user-").FullName;

    public TEngine Engine => create(this);

    public string? Get(string name) => _variables.GetValueOrDefault(name);

    public UserSurroundings<TEngine> Set(string name, string value)
    {
        _variables[name] = value;
        return this;
    }

    public void Dispose()
    {
        Directory.Delete(UserFolder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A file in the user's folder that nobody else may read.</summary>
    public string Write(string name, string content)
    {
        string path = Path.Combine(UserFolder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>One value of one row, from the database that the URL means; without a statement the name of the user.</summary>
    public async Task<object?> ScalarAsync(string url, string? statement = null)
    {
        QueryResult result = await QueryAsync(url, statement ?? whoAmI);
        return result.Rows[0][0];
    }

    public Task<QueryResult> QueryAsync(string url, string statement, bool write = false, int? limit = null) =>
        Engine.QueryAsync(DatabaseUrl.Parse(url, this), statement, new QueryOptions(write, limit), CancellationToken.None);

    /// <summary>Expects that there is no way in, and that the error holds a hint and no secret.</summary>
    public async Task<AiShellException> RefusedAsync(string url, params string[] secrets)
    {
        AiShellException failure = await Assert.ThrowsAsync<AiShellException>(() => ScalarAsync(url));
        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.False(string.IsNullOrEmpty(failure.Hint), failure.Message);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, failure.ToString(), StringComparison.Ordinal));
        return failure;
    }
}
