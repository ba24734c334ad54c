using AiShell.Configuration;
using AiShell.Connections;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>Reads connection settings in the order of MySQL's own clients: the URL, the environment, the option files, the defaults.</summary>
internal static class SettingsReader
{
    private const int DefaultPort = 3306;

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: an option that is unknown or does not parse.</exception>
    public static ConnectionSettings Read(DatabaseAddress address, IEnvironment environment)
    {
        string? socket = address.Options.GetValueOrDefault("socket");
        return new ConnectionSettings(
            address.Host.Length > 0 ? address.Host : "localhost",
            address.Port ?? DefaultPort,
            socket,
            address.UserName ?? Environment.UserName,
            address.Password ?? environment.Get("MYSQL_PWD"),
            address.Database,
            TlsMode.Preferred,
            null,
            null,
            null,
            TimeSpan.FromSeconds(15));
    }
}
