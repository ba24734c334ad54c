using AiShell.Configuration;

namespace AiShell.Testing.Engines.MySql;

/// <summary>The real surroundings, but for the folder in which a server's programs are looked for.</summary>
public sealed class MySqlPrograms(string folder) : IEnvironment
{
    private readonly ProcessEnvironment _process = new();

    /// <summary>A machine with MySQL's.</summary>
    public static MySqlPrograms OfMySql { get; } = new(Path.GetDirectoryName(MySqlServer.ProgramOf("mysqld"))!);

    /// <summary>A machine without any.</summary>
    public static MySqlPrograms None { get; } = new(Path.Combine(Path.GetTempPath(), "ai-shell-no-programs"));

    public string UserFolder => _process.UserFolder;

    public string? Get(string name) => name == "AI_SHELL_MYSQL_BIN" ? folder : _process.Get(name);
}
