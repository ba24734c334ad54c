using System.Text.Json;

namespace AiShell.EndToEndTests;

/// <summary>Everything the earlier tool let pass, and what tired people type.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData(ErrorKind.Usage, "backup", "create")]
    [InlineData(ErrorKind.Usage, "backup", "create", "-d", "SHOP", "--format", "xml")]
    [InlineData(ErrorKind.Usage, "backup", "create", "-d", "SHOP", "-c", "lzma")]
    [InlineData(ErrorKind.Usage, "backup", "create", "-d", "SHOP", "-c", "gzip", "--level", "99")]
    [InlineData(ErrorKind.Usage, "backup", "create", "-d", "SHOP", "--tables", "nosuch")]
    [InlineData(ErrorKind.Usage, "backup", "create", "-d", "SHOP", "--incremental", "--format", "sql")]
    [InlineData(ErrorKind.NotFound, "backup", "info", "backup-20200101000000-abcdef")]
    [InlineData(ErrorKind.NotFound, "backup", "verify", "backup-2020")]
    [InlineData(ErrorKind.Usage, "backup", "list", "--after", "yesterday-ish")]
    [InlineData(ErrorKind.NotFound, "disconnect", "nobody")]
    [InlineData(ErrorKind.Usage, "nonsense")]
    public async Task Bad_words_have_their_exit_code_and_a_hint(ErrorKind expected, params string[] arguments)
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "repo", "init");

        await _shell.ExpectAsync(expected, [.. arguments.Select(argument => argument == "SHOP" ? shop : argument)]);
        Assert.Equal(0, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    [Fact]
    public async Task A_source_that_is_no_database_makes_no_backup()
    {
        string text = _shell.PathOf("text.db");
        await File.WriteAllTextAsync(text, new string('x', 5000));

        await _shell.ExpectAsync(ErrorKind.Unreachable, "backup", "create", "-d", text);
        await _shell.ExpectAsync(ErrorKind.Unreachable, "backup", "create", "-d", _shell.PathOf("missing/none.db"));
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut")]
    [InlineData("longer")]
    [InlineData("missing")]
    public async Task A_damaged_part_is_found_named_and_never_restored(string damage)
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        string part = _shell.Parts.MaxBy(file => new FileInfo(file).Length)!;
        byte[] content = await File.ReadAllBytesAsync(part);
        switch (damage)
        {
            case "flip":
                content[content.Length / 2] ^= 4;
                await File.WriteAllBytesAsync(part, content);
                break;
            case "cut":
                await File.WriteAllBytesAsync(part, content[..^1]);
                break;
            case "longer":
                await File.WriteAllBytesAsync(part, [.. content, 0]);
                break;
            default:
                File.Delete(part);
                break;
        }

        string printed = await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", "latest");
        Assert.Contains(Path.GetFileName(part), printed, StringComparison.Ordinal);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "test", "latest");
        string[] before = await Shell.DumpAsync(shop);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "restore", "latest", "-d", shop, "--force");
        Assert.Equal(before, await Shell.DumpAsync(shop));
        await _shell.ExpectAsync(ErrorKind.Integrity, "repo", "check");
    }

    [Fact]
    public async Task A_manifest_cut_in_half_spoils_only_its_own_backup()
    {
        string shop = await _shell.ShopAsync();
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        JsonElement second = await _shell.JsonAsync(null, "backup", "create", "-d", shop);
        string id = second.GetProperty("id").GetString()!;
        string manifest = Directory.EnumerateFiles(_shell.Repository, "manifest.json", SearchOption.AllDirectories).Single(file => file.Contains(id, StringComparison.Ordinal));
        string text = await File.ReadAllTextAsync(manifest);
        await File.WriteAllTextAsync(manifest, text[..(text.Length / 2)]);

        Assert.Equal(2, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", id);
        await _shell.ExpectAsync(null, "backup", "restore", "latest", "-d", _shell.PathOf("new.db"));
    }

    [Theory]
    [InlineData("../../escape")]
    [InlineData("it's \"quoted\"")]
    [InlineData("é🎉")]
    [InlineData("..")]
    public async Task Awkward_database_names_stay_in_their_folder(string name)
    {
        string shop = await _shell.ShopAsync(orders: 20);
        string export = _shell.PathOf("x.sql.gz");
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        await _shell.ExpectAsync(null, "backup", "export", "latest", export);
        string repository = _shell.PathOf("nested/repository");

        await _shell.ExpectAsync(null, "backup", "import", export, "-d", name, "--repo", repository);

        // A name with slashes is a path, and its file's name is the database's.
        Assert.Equal(name.Split('/')[^1], (await _shell.JsonAsync(null, "backup", "list", "--repo", repository))[0].GetProperty("database").GetString());
        Assert.Equal(["repository"], Directory.EnumerateFileSystemEntries(_shell.PathOf("nested")).Select(Path.GetFileName));
        await _shell.ExpectAsync(null, "backup", "verify", "--all", "--deep", "--repo", repository);
    }
}
