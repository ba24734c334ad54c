namespace AiShell.Configuration;

/// <summary>The process's surroundings that change what a command means; replaced in tests.</summary>
public interface IEnvironment
{
    /// <summary>A variable's value; null where it is not set.</summary>
    string? Get(string name);

    /// <summary>The user's own folder (<c>$HOME</c>); empty where there is none.</summary>
    string UserFolder { get; }
}

public static class EnvironmentPaths
{
    /// <summary>Replaces a leading <c>~</c> or <c>~/</c> by the user's folder, as a shell does.</summary>
    public static string ExpandTilde(this IEnvironment environment, string path) =>
        path == "~" ? environment.UserFolder
        : path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(environment.UserFolder, path[2..])
        : path;
}

/// <summary>The real surroundings.</summary>
public sealed class ProcessEnvironment : IEnvironment
{
    public string? Get(string name) => Environment.GetEnvironmentVariable(name);

    public string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
