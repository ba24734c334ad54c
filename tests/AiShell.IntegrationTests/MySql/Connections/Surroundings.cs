using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>A user's folder and variables of a test's own, so that nothing of the machine plays in.</summary>
public sealed class Surroundings : IEnvironment, IDisposable
{
    private readonly Dictionary<string, string> _variables = new() { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "" };

    public string UserFolder { get; } = Directory.CreateTempSubdirectory("ai-shell-my-user-").FullName;

    public MySqlEngine Engine => new(this);

    public string? Get(string name) => _variables.GetValueOrDefault(name);

    public Surroundings Set(string name, string value)
    {
        _variables[name] = value;
        return this;
    }

    public void Dispose() => Directory.Delete(UserFolder, recursive: true);

    /// <summary>A file in the user's folder that nobody else may read.</summary>
    public string Write(string name, string content)
    {
        string path = Path.Combine(UserFolder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>One value of one row, from the database that the URL means.</summary>
    public async Task<object?> ScalarAsync(string url, string statement = "SELECT user()")
    {
        QueryResult result = await QueryAsync(url, statement);
        return result.Rows[0][0] is string text && statement == "SELECT user()" ? text.Split('@')[0] : result.Rows[0][0];
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
