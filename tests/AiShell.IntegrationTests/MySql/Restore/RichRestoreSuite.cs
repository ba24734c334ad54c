using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>One of everything that the server has, by our own restore: in every format, by both ways to load rows, to a new target and over one that stands.</summary>
public abstract class RichRestoreSuite(MySqlFamilyServer server) : SnapshotSuite(server)
{
    protected abstract string Script { get; }

    /// <summary>Of the standing target; all of it has to be gone afterwards, and to be found in what is kept.</summary>
    protected abstract string Changes { get; }

    /// <summary>A query that sees these in what is kept, and its answer.</summary>
    protected abstract (string Query, string Answer) SeesChanges { get; }

    [Theory]
    [InlineData(BackupFormat.Sql, false)]
    [InlineData(BackupFormat.Json, true)]
    [InlineData(BackupFormat.Csv, false)]
    public async Task Everything_comes_back(BackupFormat format, bool newOneByLocalFiles)
    {
        DatabaseAddress source = await CreateAsync(Script);
        MemoryBackup backup = await BackUpAsync(source, Options(format));
        string[] expected = await StateAsync(source.Database);
        DatabaseAddress target = NewAddress();

        await LoadByLocalFilesAsync(newOneByLocalFiles);
        Assert.Null(await RestoreAsync(backup, target));
        Assert.Equal(expected, await StateAsync(target.Database));

        await Server.RunAsync(target.Database, Changes);
        await LoadByLocalFilesAsync(!newOneByLocalFiles);
        string kept = (await RestoreAsync(backup, target))!;
        Assert.Equal(expected, await StateAsync(target.Database));
        Assert.Equal(SeesChanges.Answer, await Server.RunAsync(kept, SeesChanges.Query));
        await Server.RunAsync("", $"DROP DATABASE {Quote(kept)}");
    }

    /// <returns>Where the old one is kept.</returns>
    protected async Task<string?> RestoreAsync(MemoryBackup backup, DatabaseAddress address, bool keepOld = true)
    {
        TargetOptions options = new(TableFilter.Everything, IntoExisting: false, Replace: true, 2, Scratch, TimeSpan.FromSeconds(10)) { KeepOld = keepOld };
        await using IRestoreTarget target = await Engine.OpenTargetAsync(address, backup.Contents, options, default);
        await backup.LoadAsync(target, options.Tables);
        Assert.Equal(backup.Contents.Tables, await target.CompleteAsync(fingerprints: true, default));
        Assert.Empty(target.Warnings);
        await target.PromoteAsync(default);
        return target.KeptAs;
    }

    protected async Task LoadByLocalFilesAsync(bool local) => await Server.RunAsync("", $"SET GLOBAL local_infile = {(local ? 1 : 0)}");

    /// <summary>All that can be compared.</summary>
    protected abstract Task<string[]> StateAsync(string database);
}
