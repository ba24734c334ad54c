using System.Globalization;
using System.Text;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.PostgreSql;
using CliWrap;

namespace AiShell.IntegrationTests.PostgreSql;

/// <summary>Scripts and archives that others made, into a database near a server and on a server of our own.</summary>
public sealed class ForeignImportTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime
{
    private readonly PostgreSqlEngine _engine = new();
    private PostgreSqlFixture Fixture { get; set; } = null!;

    public Task InitializeAsync()
    {
        Fixture = new PostgreSqlFixture(shared.Server);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await Fixture.DisposeAsync();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_dump_by_pg_dump_loads_the_same(bool asArchive, bool near)
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        await using (IScratchDatabase scratch = await _engine.CreateScratchAsync(near ? bank : null, Fixture.ScratchDirectory, default))
        {
            await LoadAsync(scratch, await DumpAsync(bank, asArchive ? "custom" : "plain"));
            Assert.Equal(await _engine.DigestAsync(bank, default), await _engine.DigestAsync(scratch.Address, default));
        }

        Assert.Equal([bank.Database], (await Fixture.TracesAsync()).Where(trace => !trace.Contains(' ', StringComparison.Ordinal)));
        Assert.Empty(Directory.EnumerateDirectories(Path.GetTempPath(), $"ai-shell-server-{Environment.ProcessId}-*"));
    }

    [Fact]
    public async Task Owners_and_grantees_that_a_dump_names_are_made_on_a_server_of_our_own()
    {
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(null, Fixture.ScratchDirectory, default);
        await LoadAsync(scratch, Encoding.UTF8.GetBytes("-- PostgreSQL database dump\nCREATE TABLE public.t(a int);\nALTER TABLE public.t OWNER TO shop;\nGRANT SELECT ON TABLE public.t TO \"the \"\"Reader\";\n"));
        QueryResult owner = await _engine.QueryAsync(scratch.Address, "SELECT tableowner FROM pg_tables WHERE tablename = 't'", new QueryOptions(false, null), default);
        Assert.Equal("shop", owner.Rows[0][0]);
    }

    [Theory]
    [InlineData("\\! touch {file}")]
    [InlineData("SELECT 1 \\! touch {file}")]
    [InlineData("SELECT 1 \\g {file}")]
    [InlineData("SELECT 'x' \\g |touch {file}")]
    [InlineData("\\o {file}")]
    [InlineData("\\copy public.t to '{file}'")]
    [InlineData("\\set x `touch {file}`")]
    [InlineData("\\i /etc/passwd")]
    [InlineData("\\c postgres")]
    [InlineData("\\unrestrict 0123\n\\! touch {file}")]
    [InlineData("\\restrict abc\n\\unrestrict abc\n\\! touch {file}")]
    [InlineData("\\restrict abc\n\\unrestrict abc\n\\restrict abc\n\\unrestrict abc\n\\! touch {file}")]
    public async Task Commands_of_psql_do_nothing_and_are_refused(string command)
    {
        DatabaseAddress near = await Fixture.CreateEmptyAsync("near");
        string file = Path.Combine(Path.GetTempPath(), $"ai-shell-intruder-{Guid.NewGuid():N}");
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(near, Fixture.ScratchDirectory, default);
        string script = $"-- PostgreSQL database dump\nCREATE TABLE public.t(a int);\n{command.Replace("{file}", file)}\nSELECT 1;\n";

        AiShellException refused = await Assert.ThrowsAsync<AiShellException>(() => LoadAsync(scratch, Encoding.UTF8.GetBytes(script)));
        Assert.Equal(ErrorKind.Refused, refused.Kind);
        Assert.False(File.Exists(file));
        Assert.Empty(await _engine.DigestAsync(scratch.Address, default));
    }

    [Theory]
    [InlineData("DROP DATABASE IF EXISTS {bank};", ErrorKind.Refused)]
    [InlineData("SELECT 1; DROP DATABASE IF EXISTS {bank};", ErrorKind.Failed)]
    [InlineData("create role intruder superuser;", ErrorKind.Refused)]
    [InlineData("CREATE TABLE t(a nonsense);", ErrorKind.Failed)]
    public async Task What_is_not_of_one_database_or_does_not_run_changes_nothing(string statement, ErrorKind kind)
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<string> before = await Fixture.TracesAsync();
        await using (IScratchDatabase scratch = await _engine.CreateScratchAsync(bank, Fixture.ScratchDirectory, default))
        {
            byte[] script = Encoding.UTF8.GetBytes($"-- PostgreSQL database dump\nCREATE TABLE public.x(a int);\n{statement.Replace("{bank}", bank.Database)}\n");
            Assert.Equal(kind, (await Assert.ThrowsAsync<AiShellException>(() => LoadAsync(scratch, script))).Kind);
            Assert.Empty(await _engine.DigestAsync(scratch.Address, default));
        }

        Assert.Equal(before, await Fixture.TracesAsync());
    }

    [Fact]
    public async Task Rows_may_say_anything()
    {
        DatabaseAddress near = await Fixture.CreateEmptyAsync("near");
        await shared.Server.RunAsync(
            near.Database,
            """
            CREATE TABLE said(t text);
            INSERT INTO said VALUES ('DROP DATABASE x;'), (E'\restrict abc'), ('ALTER TABLE x OWNER TO nobody_knows;'), (repeat('DROP ROLE x; ', 100000)), ('COPY x FROM stdin;'), ('\!');
            """);
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(near, Fixture.ScratchDirectory, default);
        await LoadAsync(scratch, await DumpAsync(near, "plain"));
        Assert.Equal(await _engine.DigestAsync(near, default), await _engine.DigestAsync(scratch.Address, default));
    }

    [Fact]
    public async Task An_archive_cut_short_is_damaged()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        byte[] archive = await DumpAsync(bank, "custom");
        await using IScratchDatabase scratch = await _engine.CreateScratchAsync(bank, Fixture.ScratchDirectory, default);
        Assert.Equal(ErrorKind.Integrity, (await Assert.ThrowsAsync<AiShellException>(() => LoadAsync(scratch, archive[..(archive.Length / 2)]))).Kind);
        Assert.Empty(await _engine.DigestAsync(scratch.Address, default));
    }

    private async Task LoadAsync(IScratchDatabase scratch, byte[] content)
    {
        ForeignFormat format = _engine.Recognise(content.AsSpan(0, Math.Min(content.Length, 64 * 1024))) ?? throw new InvalidOperationException("Nobody knows it.");
        await _engine.LoadForeignAsync(scratch.Address, format, new MemoryStream(content), default);
    }

    private async Task<byte[]> DumpAsync(DatabaseAddress database, string format)
    {
        using MemoryStream dump = new();
        await Cli.Wrap(Path.Combine(shared.Server.Binaries, "pg_dump"))
            .WithArguments(["-F", format, "-h", "127.0.0.1", "-p", shared.Server.Port.ToString(CultureInfo.InvariantCulture), "-U", database.UserName!, database.Database])
            .WithEnvironmentVariables(variables => variables.Set("PGPASSWORD", database.Password))
            .WithStandardOutputPipe(PipeTarget.ToStream(dump))
            .ExecuteAsync();
        return dump.ToArray();
    }
}
