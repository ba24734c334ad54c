using System.Text;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql;

internal static class BackupStatements
{
    /// <summary>The whole script without the comment that says what the database was called.</summary>
    public static string Statements(this MemoryBackup backup) =>
        string.Join('\n', Encoding.UTF8.GetString(backup.Plain).Split('\n').Where(line => !line.StartsWith("-- database ", StringComparison.Ordinal)));
}
