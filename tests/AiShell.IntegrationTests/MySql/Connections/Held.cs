using AiShell.Connections;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>A session of ours that stays open while the test looks at the server from another.</summary>
internal static class Held
{
    public static Task<MySqlSession> OpenAsync(Surroundings user, string url) => Server.OpenAsync(SettingsOf(user, url), CancellationToken.None);

    public static ConnectionSettings SettingsOf(Surroundings user, string url) => SettingsReader.Read(DatabaseUrl.Parse(url, user), user);
}
