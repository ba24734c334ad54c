using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Cli.Commands.Demo;

/// <summary>The whole story for a newcomer, for real: nothing is shown that was not run.</summary>
internal sealed class DemoCommand() : SessionCommand("demo", "The whole story on a throw-away SQLite database")
{
    public override IReadOnlyList<string> Examples => ["ai-shell demo"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        DirectoryInfo place = Directory.CreateTempSubdirectory("ai-shell-demo-");
        try
        {
            // With --json the story goes to the side, so that the document stands alone.
            TextWriter show = session.Values.Json ? session.Terminal.Error : session.Terminal.Out;
            DemoCheckDocument[] checks = await TellAsync(session, show, place.FullName, cancellationToken);
            bool ok = checks.All(check => check.Ok);
            session.Output.Show(new Answer<DemoDocument>(new DemoDocument(ok, checks), Documents.Default.DemoDocument, page =>
            {
                page.Line("What was checked:");
                foreach (DemoCheckDocument check in checks)
                {
                    page.Line($"  {(check.Ok ? "ok  " : "FAIL")} {check.Check}");
                }

                page.Line(ok ? "Everything held. The throw-away folder is gone; your own files were not touched." : "Something did not hold.");
            }));
            return ok ? 0 : (int)ErrorKind.Integrity;
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }

    private static async Task<DemoCheckDocument[]> TellAsync(Session session, TextWriter show, string folder, CancellationToken cancellationToken)
    {
        string shop = Path.Combine(folder, "shop.db");
        string home = Path.Combine(folder, "home");
        var program = new DemoProgram(session, show, home, folder);
        IDatabaseEngine engine = session.Engines.ByName("sqlite");
        var checks = new List<DemoCheckDocument>();

        await Say("1. A shop: customers, products, orders and their items, in ./shop.db.");
        DemoShop.Create(shop);
        IReadOnlyList<TableDigest> original = await DigestAsync();
        foreach (TableDigest table in original)
        {
            await show.WriteLineAsync($"   {table.Table,-12} {table.Fingerprint.Rows,7:N0} rows");
        }

        await Say("2. Give it a name, and back it up, compressed.");
        await program.RunAsync(0, cancellationToken, "connect", "./shop.db", "--name", "shop");
        await program.RunAsync(0, cancellationToken, "backup", "create", "--database", "shop", "--compression", "zstd", "--name", "before-the-accident");
        await program.RunAsync(0, cancellationToken, "backup", "list");

        await Say("3. Is the backup good? Every byte is read back, every row counted and fingerprinted.");
        await program.RunAsync(0, cancellationToken, "backup", "verify", "latest", "--deep");
        checks.Add(new("the backup verifies, deep", true));

        await Say("4. The accident: a third of the orders deleted, every e-mail address overwritten, a table dropped.");
        DemoShop.Damage(shop);
        IReadOnlyList<TableDigest> damaged = await DigestAsync();
        checks.Add(new("the accident changed the database", !Same(original, damaged)));
        await program.RunAsync(0, cancellationToken, "query", "select count(*) as orders_left from orders", "--database", "shop");

        await Say("5. What would a restore do? A dry run changes nothing.");
        await program.RunAsync(0, cancellationToken, "backup", "restore", "latest", "--database", "shop", "--dry-run");
        checks.Add(new("the dry run changed nothing", Same(damaged, await DigestAsync())));

        await Say("6. Restore. The new copy is built and checked beside the database, then takes its place in one step.");
        await program.RunAsync(0, cancellationToken, "backup", "restore", "latest", "--database", "shop", "--verify", "--force");
        checks.AddRange(Compare(original, await DigestAsync()));

        await Say("7. Can a damaged backup pass for a good one? One bit flipped in a copy of the repository.");
        FlipOneBit(Path.Combine(home, "backups"), Path.Combine(folder, "copy"));
        await program.RunAsync((int)ErrorKind.Integrity, cancellationToken, "backup", "verify", "latest", "--repo", "./copy");
        checks.Add(new("verify caught one flipped bit (exit 4)", true));
        await program.RunAsync(0, cancellationToken, "backup", "verify", "latest");
        checks.Add(new("the untouched repository still verifies", true));
        await program.RunAsync(0, cancellationToken, "backup", "history");
        await show.WriteLineAsync();
        return [.. checks];

        Task Say(string text) => show.WriteLineAsync($"\n{text}");
        Task<IReadOnlyList<TableDigest>> DigestAsync() => engine.DigestAsync(DatabaseAddress.OfFile(shop), cancellationToken);
    }

    private static IEnumerable<DemoCheckDocument> Compare(IReadOnlyList<TableDigest> original, IReadOnlyList<TableDigest> restored)
    {
        foreach (TableDigest table in original)
        {
            yield return new DemoCheckDocument($"table {table.Table}: {table.Fingerprint.Rows:N0} rows, each as it was (by fingerprint)", restored.Contains(table));
        }

        yield return new DemoCheckDocument("no table more, none less", original.Count == restored.Count);
    }

    private static bool Same(IReadOnlyList<TableDigest> one, IReadOnlyList<TableDigest> other) => one.ToHashSet().SetEquals(other);

    private static void FlipOneBit(string repository, string copy)
    {
        foreach (string file in Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(repository, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        string part = new DirectoryInfo(copy).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Directory!.Name == "parts").MaxBy(file => file.Length)!.FullName;
        using var stream = new FileStream(part, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length / 2;
        int value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
