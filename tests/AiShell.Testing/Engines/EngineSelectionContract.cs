using AiShell.Connections;
using AiShell.Engines;

namespace AiShell.Testing.Engines;

/// <summary>Some tables, the schema alone, the rows alone, some tables into a database that stands.</summary>
public abstract class EngineSelectionContract : EngineSuite
{
    private static TableFilter Only(TableName table) => new([table.Name], []);

    /// <summary>Runs a test in each format that takes such a backup; the others must say that they do not.</summary>
    private async Task InEachFormatAsync(DatabaseAddress address, BackupScope scope, TableFilter tables, Func<MemoryBackup, Task> test)
    {
        int served = 0;
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup;
            try
            {
                backup = await MemoryBackup.MakeAsync(Engine, address, Options(format, scope, tables));
            }
            catch (AiShellException failure) when (format == BackupFormat.Native)
            {
                Assert.Equal(ErrorKind.Usage, failure.Kind);
                Assert.NotNull(failure.Hint);
                continue;
            }

            served++;
            await test(backup);
        }

        Assert.True(served > 0);
    }

    [Fact]
    public async Task Included_tables_alone_are_backed_up()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        await InEachFormatAsync(bank, BackupScope.All, Only(Fixture.Accounts), async backup =>
        {
            DatabaseAddress copy = Fixture.AddressOf($"copy-{backup.Contents.Format}");
            await backup.RestoreAsync(Engine, copy, Target());

            Assert.Equal(Fixture.Accounts, Assert.Single(backup.Contents.Tables).Table);
            Assert.Equal(backup.Contents.Tables, await Engine.DigestAsync(copy, default));
        });
    }

    [Fact]
    public async Task Excluded_tables_are_left_out()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        IReadOnlyList<TableDigest> all = await Engine.DigestAsync(bank, default);
        await InEachFormatAsync(bank, BackupScope.All, new TableFilter([], [Fixture.Accounts.Name]), async backup =>
        {
            DatabaseAddress copy = Fixture.AddressOf($"copy-{backup.Contents.Format}");
            await backup.RestoreAsync(Engine, copy, Target());

            Assert.Equal(all.Where(digest => digest.Table != Fixture.Accounts), await Engine.DigestAsync(copy, default));
        });
    }

    [Fact]
    public async Task A_pattern_without_a_table_is_wrong_usage()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            await FailsAsync(ErrorKind.Usage, () => MemoryBackup.MakeAsync(Engine, bank, Options(format, tables: new TableFilter(["acounts"], []))));
        }
    }

    [Fact]
    public async Task A_schema_alone_restores_every_object_without_rows()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        DatabaseAddress bare = await Fixture.CreateBankAsync("bare");
        await Fixture.ClearAsync(bare, Fixture.Accounts);
        await Fixture.ClearAsync(bare, Fixture.Values);
        IReadOnlyList<string> expected = await Fixture.ReadContentAsync(bare);
        await InEachFormatAsync(bank, BackupScope.SchemaOnly, TableFilter.Everything, async backup =>
        {
            DatabaseAddress copy = Fixture.AddressOf($"copy-{backup.Contents.Format}");
            await backup.RestoreAsync(Engine, copy, Target());

            Assert.Empty(backup.Contents.Tables);
            Assert.Equal(expected, await Fixture.ReadContentAsync(copy));
        });
    }

    [Fact]
    public async Task Rows_alone_go_into_the_tables_that_stand()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        await InEachFormatAsync(bank, BackupScope.DataOnly, TableFilter.Everything, async backup =>
        {
            DatabaseAddress other = await Fixture.CreateBankAsync($"other-{backup.Contents.Format}");
            await Fixture.SetFirstBalanceAsync(other, 7);
            await FailsAsync(ErrorKind.Refused, () => backup.RestoreAsync(Engine, other, Target(intoExisting: true)));
            await backup.RestoreAsync(Engine, other, Target(replace: true, intoExisting: true));
            Assert.Equal(await Fixture.ReadContentAsync(bank), await Fixture.ReadContentAsync(other));

            DatabaseAddress cleared = await Fixture.CreateBankAsync($"cleared-{backup.Contents.Format}");
            await Fixture.ClearAsync(cleared, Fixture.Accounts);
            await Fixture.ClearAsync(cleared, Fixture.Values);
            await backup.RestoreAsync(Engine, cleared, Target(intoExisting: true));
            Assert.Equal(backup.Contents.Tables, await Engine.DigestAsync(cleared, default));

            DatabaseAddress nowhere = Fixture.AddressOf("nowhere");
            Assert.NotEmpty((await Engine.InspectTargetAsync(nowhere, backup.Contents, Target(), default)).Obstacles);
            await Assert.ThrowsAsync<AiShellException>(() => backup.RestoreAsync(Engine, nowhere, Target()));
            Assert.False(await Fixture.ExistsAsync(nowhere));
        });
    }

    [Fact]
    public async Task Some_tables_go_into_a_database_that_stands_and_the_others_stay()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            DatabaseAddress other = await Fixture.CreateBankAsync($"other-{format}");
            TableName extra = await Fixture.AddTableAsync(other, "extra");
            await Fixture.SetFirstBalanceAsync(other, 7);
            await Fixture.ClearAsync(other, Fixture.Values);
            TargetOptions options = Target(intoExisting: true, tables: Only(Fixture.Accounts));

            TargetState state = await Engine.InspectTargetAsync(other, backup.Contents, options, default);
            Assert.Contains(Fixture.Accounts.Name, Assert.Single(state.Replaced), StringComparison.Ordinal);
            await FailsAsync(ErrorKind.Refused, () => backup.RestoreAsync(Engine, other, options));

            IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(Engine, other, options with { Replace = true });
            Assert.Equal(backup.Contents.Tables.Where(digest => digest.Table == Fixture.Accounts), restored);
            Dictionary<TableName, TableFingerprint> found = (await Engine.DigestAsync(other, default)).ToDictionary(digest => digest.Table, digest => digest.Fingerprint);
            Assert.Equal(restored[0].Fingerprint, found[Fixture.Accounts]);
            Assert.Equal(0, found[Fixture.Values].Rows);
            Assert.Equal(1, found[extra].Rows);
        }
    }

    [Fact]
    public async Task Some_tables_make_a_new_database_of_their_own()
    {
        DatabaseAddress bank = await Fixture.CreateBankAsync("bank");
        foreach (BackupFormat format in Engine.Capabilities.Formats)
        {
            MemoryBackup backup = await BackUpAsync(bank, format);
            DatabaseAddress copy = Fixture.AddressOf($"copy-{format}");
            IReadOnlyList<TableDigest> restored = await backup.RestoreAsync(Engine, copy, Target(tables: Only(Fixture.Accounts)));

            Assert.Equal(backup.Contents.Tables.Where(digest => digest.Table == Fixture.Accounts), restored);
            Assert.Equal(restored, await Engine.DigestAsync(copy, default));
        }
    }
}
