using AiShell.Configuration;

namespace AiShell.Tests.Configuration;

/// <summary>An environment of the test's own.</summary>
internal sealed class FakeEnvironment(params (string Name, string Value)[] variables) : IEnvironment
{
    private readonly Dictionary<string, string> _variables = variables.ToDictionary(variable => variable.Name, variable => variable.Value);

    public string UserFolder { get; init; } = "/home/someone";

    public string? Get(string name) => _variables.GetValueOrDefault(name);
}

/// <summary>A home in a throw-away folder.</summary>
internal sealed class TemporaryHome : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ai-shell-test-");

    public TemporaryHome() => Home.Prepare();

    public HomeDirectory Home => new(Path.Combine(_folder.FullName, "home"));

    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);
}
