namespace AiShell.Tests.Architecture;

/// <summary>Who may name whom: <c>Cli → Agent → Core</c>; inside Core jobs → Repository → Storage, jobs → Engines.</summary>
internal static class Directions
{
    private static readonly string[] Jobs = ["Backup", "Restore", "Verification", "Retention", "Transfer", "Health"];

    /// <summary>A line for each reference that the architecture forbids.</summary>
    public static IEnumerable<string> Violations(Type source) =>
        TypeReferences.Of(source).Where(target => Forbids(source, target)).Select(target => $"{source.FullName} names {target.FullName}");

    private static bool Forbids(Type from, Type to)
    {
        string[] source = PathOf(from);
        string[] target = PathOf(to);
        if (source is [] || target is [])
        {
            return false;
        }

        return ForbidsFolder(source[0], target[0])
            || ForbidsEngine(from, source, target)
            || (IsInsideStorage(target) && source[0] != "Storage");
    }

    private static bool ForbidsFolder(string source, string target) => source switch
    {
        "Engines" => target is not ("Engines" or "Connections" or "Configuration" or "IO"),
        "Storage" => target is not ("Storage" or "IO"),
        "Repository" => target is not ("Repository" or "Storage" or "Engines" or "IO"),
        "Connections" or "IO" or "State" or "Configuration" => target == "Storage" || Jobs.Contains(target) || target is "Cli" or "Agent",
        "Agent" => target == "Cli",
        "Cli" => false,
        _ => target is "Storage" or "Cli" or "Agent",
    };

    /// <summary>What is in an engine's own folder is named by nobody else, its registry apart.</summary>
    private static bool ForbidsEngine(Type from, string[] source, string[] target) =>
        target is ["Engines", var engine, ..]
        && !(source is ["Engines", var own, ..] && own == engine)
        && from.FullName != "AiShell.Engines.EngineRegistry";

    private static bool IsInsideStorage(string[] target) => target is ["Storage", _, ..];

    /// <summary>The parts of the type's namespace behind <c>AiShell</c>; empty where it has none.</summary>
    private static string[] PathOf(Type type) =>
        type.Namespace?.Split('.') is ["AiShell", .. var path] ? path : [];
}
