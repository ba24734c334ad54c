using AiShell.Testing.Docs;

namespace AiShell.EndToEndTests;

/// <summary>What README.md and docs/commands.md say, tried on the built binary.</summary>
public sealed class DocumentedCommandTests : IDisposable
{
    private static readonly Document Readme = Document.Read("README.md");

    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task The_sixty_seconds_of_the_readme_work()
    {
        string shop = await _shell.ShopAsync();
        foreach (string frame in Readme.Section("## 60 seconds").Frames(""))
        {
            (int exitCode, string output) = await _shell.BashAsync(_shell.Folder, "set -eu\n" + frame.Replace("./ai-shell", "ai-shell", StringComparison.Ordinal));
            Assert.True(exitCode == 0, $"exit {exitCode}: {output}");
        }

        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(_shell.PathOf("shop-restored.db")));
    }

    [Theory]
    [InlineData("sql", "gzip", "zcat")]
    [InlineData("native", "zstd", "cat")]
    public async Task The_readme_restores_without_the_program(string format, string compression, string command)
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop, "--format", format, "-c", compression);
        string backup = Path.GetDirectoryName(Path.GetDirectoryName(_shell.Parts[0]))!;
        Assert.Equal(Path.Combine(_shell.Home, "backups", "backups", "shop.db"), Path.GetDirectoryName(backup));
        string[] lines = Assert.Single(Readme.Section("## Restoring without it").Frames("")).Split('\n');

        (int exitCode, string output) = await _shell.BashAsync(backup, $"set -eu\n{lines[0]}\n{lines.Single(line => line.StartsWith(command + " ", StringComparison.Ordinal))}");

        Assert.True(exitCode == 0, output);
        string manifest = await File.ReadAllTextAsync(Path.Combine(backup, "manifest.json"));
        Assert.All(
            output.Trim().Split('\n').Select(line => line.Split(' ')[0]),
            digest => Assert.Contains($"\"sha256\": \"{digest}\"", manifest, StringComparison.Ordinal));
        Assert.Equal(await Shell.DumpAsync(shop), await Shell.DumpAsync(Path.Combine(backup, "new.db")));
    }

    /// <summary>After a change: docs/write-commands.</summary>
    [Fact]
    public async Task The_commands_document_is_what_the_program_prints()
    {
        string[] sections = Document.Read("docs/commands.md").Text.Split("\n## ")[1..];
        Assert.True(sections.Length > 20);
        foreach (string section in sections)
        {
            string path = section.Split('\n')[0];
            string help = await _shell.ExpectAsync(null, [.. path.Split(' ')[1..], "--help"]);
            Assert.Equal($"{path}\n```\n{help}```\n", section.TrimEnd('\n') + "\n");
        }
    }
}
