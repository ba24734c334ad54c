using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiShell.Testing.Engines.MySql;

namespace AiShell.EndToEndTests;

/// <summary>The log of a server that keeps names of tables in lower case, from a capture to any point of it: statements name what they are about in any case.</summary>
public sealed partial class MySqlNameCaseTests : MySqlSuite
{
    private static readonly string[] Transactions =
    [
        "INSERT INTO SHOP.Item VALUES (1, 'one')",
        "ALTER TABLE Shop.ITEM ADD Weight int DEFAULT 5",
        "RENAME TABLE shop.Item TO Shop.Goods, SHOP.GOODS TO shop.ITEM",
        "CREATE TABLE SHOP.Copied LIKE Shop.iTEM",
        "CREATE VIEW Shop.Heavy AS SELECT Id FROM SHOP.Item WHERE Weight > 4",
        "CREATE TRIGGER SHOP.Named BEFORE INSERT ON Shop.ITEM FOR EACH ROW SET NEW.Name = upper(NEW.Name)",
        "INSERT INTO Shop.Item(Id, Name) VALUES (2, 'two')",
    ];

    protected override async Task<MySqlFamilyServer> StartServerAsync() => await MariaDbServer.StartAsync("lower-case-table-names=1", "log-bin-trust-function-creators=1");

    [Fact]
    public async Task Every_position_of_a_capture_is_what_the_database_was()
    {
        await CreateAsync("shop", "CREATE TABLE Item(Id int PRIMARY KEY, Name varchar(20))");
        string[] contents = await CaptureAsync();
        string[] positions = [.. Manifests().Order(StringComparer.Ordinal).Select(file => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(file)).GetProperty("position").GetProperty("end").GetString()!)];

        foreach (int place in new[] { 0, 3, Transactions.Length - 1 })
        {
            await Shell.ExpectAsync(null, "backup", "restore", "latest", "-d", Url("Copy"), "--to-position", positions[place], "--timeline", "1", "--force");
            Assert.Equal(contents[place], await KeptAsync("copy"));
        }

        // By way of copies on the target's server.
        foreach (string[] how in new string[][] { ["--to-position", positions[1], "--keep-staging"], ["--continue", "--to-position", positions[4], "--keep-staging"], ["--continue", "--to-position", positions[5], "--force"] })
        {
            await Shell.ExpectAsync(null, ["backup", "restore", "-d", Url("Shop"), .. how]);
        }

        Assert.Equal(contents[5], await KeptAsync("shop"));
        Assert.Equal("copy,shop", await DatabasesAsync());
    }

    /// <returns>What the database was after each transaction, which is in a segment of its own.</returns>
    private async Task<string[]> CaptureAsync()
    {
        using Process capture = Shell.Start("backup", "watch", "-d", Url("Shop"), "--flush-every", "100ms");
        await Shell.UntilAsync(() => Directory.Exists(Path.Combine(Shell.Repository, "logs")) || capture.HasExited, "the capture has begun");
        List<string> contents = [];
        foreach (string transaction in Transactions)
        {
            await RunAsync(null, transaction);
            contents.Add(await KeptAsync("shop"));
            await Shell.UntilAsync(() => Manifests().Length == contents.Count || capture.HasExited, "the transaction is stored");
        }

        using Process stop = Process.Start("kill", ["-TERM", $"{capture.Id}"]);
        await capture.WaitForExitAsync();
        return [.. contents];
    }

    /// <summary>Everything, but for how the statement that made a trigger spelled its name: it is restored on its table's name as the server keeps it.</summary>
    private async Task<string> KeptAsync(string database) => TriggerName().Replace(await ContentAsync(database), "TRIGGER … FOR EACH ROW");

    private string[] Manifests() => Directory.GetFiles(Path.Combine(Shell.Repository, "logs"), "manifest.json", SearchOption.AllDirectories);

    [GeneratedRegex("TRIGGER \\S+ BEFORE INSERT ON \\S+ FOR EACH ROW", RegexOptions.CultureInvariant)]
    private static partial Regex TriggerName();
}
