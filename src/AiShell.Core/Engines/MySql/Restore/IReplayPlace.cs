using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Where the log is done again after its base, before what comes of it is restored to the target. Disposing it leaves nothing of it.</summary>
internal interface IReplayPlace : IAsyncDisposable
{
    /// <summary>The database there.</summary>
    ConnectionSettings Copy { get; }

    /// <summary>For messages.</summary>
    string Name { get; }

    /// <summary>How the base is restored there.</summary>
    TargetOptions OptionsForBase(TargetOptions options);

    /// <param name="entries">Of the base, beside its tables.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Refused"/>: something of the base cannot be here.</exception>
    Task RequireAsync(IEnumerable<ScriptEntry> entries, CancellationToken cancellationToken);

    /// <summary>Opens what does the log again, when the base is there.</summary>
    Task<LogReplay> BeginAsync(CancellationToken cancellationToken);
}
