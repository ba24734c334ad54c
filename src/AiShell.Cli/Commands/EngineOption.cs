using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Cli.Commands;

/// <summary>Options that only some engines have.</summary>
internal static class EngineOption
{
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: it was given, and the engine has no such thing.</exception>
    public static void Require(IDatabaseEngine engine, DatabaseAddress address, EngineOptions option, bool given, string name)
    {
        if (given && !engine.Capabilities.Options.HasFlag(option))
        {
            throw new AiShellException(ErrorKind.Usage, $"{name} has no meaning for '{address.Display}': it is {engine.Name}.", "Leave it out.");
        }
    }
}
