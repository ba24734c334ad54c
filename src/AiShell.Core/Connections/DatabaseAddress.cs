namespace AiShell.Connections;

/// <summary>
/// Where a database is and how to get in. Holds secrets; every text made from it (<see cref="ToString"/>,
/// <see cref="Display"/>) is redacted.
/// </summary>
/// <param name="Engine">Engine name: <c>sqlite</c>.</param>
/// <param name="Host">Empty for SQLite, and where the URL names none: then it is the engine's default.</param>
/// <param name="Database">The database on its server; for SQLite the absolute path of the file.</param>
/// <param name="Options">The URL's query, in the engine's own terms; names are lower case.</param>
public sealed record DatabaseAddress(
    string Engine,
    string Host,
    int? Port,
    string? UserName,
    string? Password,
    string Database,
    IReadOnlyDictionary<string, string> Options)
{
    /// <summary>A SQLite file.</summary>
    public static DatabaseAddress OfFile(string path) =>
        new("sqlite", "", null, null, null, Path.GetFullPath(path), new Dictionary<string, string>());

    /// <summary>A URL without its password, or the path of a file.</summary>
    public string Display =>
        Engine == "sqlite"
            ? Database
            : $"{Engine}://{(UserName is null ? "" : Uri.EscapeDataString(UserName) + (Password is null ? "" : ":***") + "@")}{Host}{(Port is null ? "" : $":{Port}")}/{Uri.EscapeDataString(Database)}";

    public override string ToString() => Display;
}
