using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Whatever statement of a promotion is the last that reaches the server, the target is wholly old or wholly new after the next restore has looked.</summary>
public sealed class PromotionCutTests(SharedMariaDb shared) : IClassFixture<SharedMariaDb>
{
    private readonly PromotionWorld _world = new(shared.Server, $"c{Guid.NewGuid().ToString("N")[..8]}");

    [Theory]
    [InlineData(true)] // all around the RENAME in one statement
    [InlineData(false)] // statement by statement, as on MySQL
    public async Task A_promotion_that_is_cut_anywhere_is_finished_or_undone(bool compound)
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = _world.Address("target");
        int undone = 0;
        int finished = 0;
        bool sawCompound = false;
        await MakeOldAsync(backup, target.Database);
        for (int cutAt = 1; ; cutAt += finished > 2 ? 4 : 1)
        {
            await using StatementProxy proxy = new(shared.Server.Port, "ai_shell_journal", compound ? null : ("10.11.", "10.05."))
            {
                StopAt = cutAt,
                Stop = cutAt % 2 == 0 ? StatementStop.OnTheWay : StatementStop.Unsent,
            };
            DatabaseAddress through = target with { Port = proxy.Port, Options = new Dictionary<string, string> { ["ssl-mode"] = "disabled" } };
            bool failed = await FailsAsync(backup, through);
            sawCompound |= Array.Exists(proxy.Statements, statement => statement.StartsWith("BEGIN NOT ATOMIC", StringComparison.Ordinal));
            if ((!failed && !proxy.HasStopped) || (compound && finished == 2)) // what follows is the same
            {
                break;
            }

            await (proxy.HasStopped ? proxy.Over : Task.CompletedTask);
            await CleanUpAsync(target.Database);
            if (await shared.Server.RunAsync(target.Database, "SELECT count(*) FROM parent WHERE id = 77") == "1")
            {
                undone++;
                await RequireOldAsync(target.Database);
            }
            else
            {
                finished++;
                await _world.RequireWholeAsync(target.Database);
                Assert.Equal("", await shared.Server.RunAsync(target.Database, "SHOW TABLES LIKE '%old'"));
                await MakeOldAsync(backup, target.Database);
            }
        }

        Assert.Equal(compound, sawCompound);
        Assert.True(undone >= 5, $"undone {undone}");
        Assert.True(finished >= (compound ? 2 : 5), $"finished {finished}");
    }

    private static async Task<bool> FailsAsync(HandMadeBackup backup, DatabaseAddress address)
    {
        try
        {
            await backup.RestoreAsync(address, new TargetOptions(TableFilter.Everything, IntoExisting: false, Replace: true, 1, Path.GetTempPath(), TimeSpan.FromSeconds(5)));
            return false;
        }
        catch (AiShellException failure)
        {
            Assert.Equal(ErrorKind.Failed, failure.Kind);
            return true;
        }
    }

    private async Task MakeOldAsync(HandMadeBackup backup, string target)
    {
        await shared.Server.RunAsync("", $"DROP DATABASE IF EXISTS `{target}`");
        await backup.RestoreAsync(shared.Server.AddressOf(target), new TargetOptions(TableFilter.Everything, false, Replace: true, 1, Path.GetTempPath(), TimeSpan.FromSeconds(5)));
        await shared.Server.RunAsync(target, "CREATE TABLE table_old(x int); CREATE VIEW view_old AS SELECT * FROM table_old; INSERT INTO parent VALUES (77, 'old'); CREATE TRIGGER second_old BEFORE INSERT ON child FOR EACH ROW SET NEW.made = 5");
    }

    private async Task RequireOldAsync(string target)
    {
        await _world.RequireWholeAsync(target);
        Assert.Equal("5", await shared.Server.RunAsync(target, "BEGIN; INSERT INTO child(parent) VALUES(NULL); SELECT made FROM child ORDER BY id DESC LIMIT 1; ROLLBACK"));
        Assert.Equal("table_old\nview_old", await shared.Server.RunAsync(target, "SHOW TABLES LIKE '%old'"));
    }

    /// <summary>As the next restore does; the server may take a moment to see that the connection has ended.</summary>
    private async Task CleanUpAsync(string target)
    {
        using MySqlSession session = await Server.OpenAsync(SettingsReader.Read(shared.Server.AddressOf(""), new ProcessEnvironment()), default, "");
        for (int tries = 0; (await _world.DatabasesAsync()).Any(name => name.StartsWith($"{target}_ai_shell_", StringComparison.Ordinal)); tries++)
        {
            Assert.True(tries < 1500, string.Join(", ", await _world.DatabasesAsync()));
            await Task.Delay(20);
            IReadOnlyList<string> found = Leftovers.Find(session, target);
            Assert.All(found, sentence => Assert.Contains(target, sentence, StringComparison.Ordinal));
            if (found.Count > 0)
            {
                Leftovers.Remove(session, target);
                Assert.Empty(Leftovers.Find(session, target));
            }
        }
    }
}
