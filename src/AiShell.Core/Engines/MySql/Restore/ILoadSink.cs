using AiShell.Engines.MySql.Wire;

namespace AiShell.Engines.MySql.Restore;

/// <summary>Puts rows into a table.</summary>
internal interface ILoadSink : IRowSink
{
    /// <summary>After the last row.</summary>
    LoadOutcome Complete();
}
