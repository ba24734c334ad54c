using AiShell.Configuration;
using AiShell.Connections;
using AiShell.Engines;
using AiShell.Engines.MySql;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Restore;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines.MySql;

namespace AiShell.IntegrationTests.MySql.Restore;

public sealed class PromotionCutTests(SharedMariaDb shared) : PromotionCutSuite(shared.Server), IClassFixture<SharedMariaDb>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_promotion_that_is_cut_anywhere_is_finished_or_undone(bool compound) => RequireFinishedOrUndoneAsync(compound);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_recovery_that_is_cut_anywhere_is_done_by_the_next(bool compound) => RequireRecoveredAsync(compound);
}

/// <summary>A part of the statements: a new database takes MySQL longer.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerPromotionCutTests(SharedMySql shared) : PromotionCutSuite(shared.Server)
{
    [Fact]
    public Task A_promotion_that_is_cut_anywhere_is_finished_or_undone() => RequireFinishedOrUndoneAsync(compound: false, every: 5);

    [Fact]
    public Task A_recovery_that_is_cut_anywhere_is_done_by_the_next() => RequireRecoveredAsync(compound: false, every: 9);
}

/// <summary>Whatever statement of a promotion is the last that reaches the server, the target is wholly old or wholly new after the next restore has looked.</summary>
public abstract class PromotionCutSuite(MySqlFamilyServer server)
{
    // To a server of MariaDB it is said that it knows no compound statements.
    private static readonly (string, string) Older = ("10.11.", "10.05.");

    private readonly PromotionWorld _world = new(server, $"c{Guid.NewGuid().ToString("N")[..8]}");

    /// <param name="compound">All around the RENAME in one statement.</param>
    /// <param name="every">Only each so many a statement; an odd number, for they are cut in two ways.</param>
    protected async Task RequireFinishedOrUndoneAsync(bool compound, int every = 1)
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        DatabaseAddress target = _world.Address("target");
        int undone = 0;
        int finished = 0;
        bool sawCompound = false;
        await MakeOldAsync(backup, target.Database);
        for (int cutAt = 1; ; cutAt += finished > 2 ? 4 : every)
        {
            await using StatementProxy proxy = new(server.Port, "ai_shell_journal", compound || server is MySqlServer ? null : Older)
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
            if (await server.RunAsync(target.Database, "SELECT count(*) FROM parent WHERE id = 77") == "1")
            {
                undone++;
                await RequireOldAsync(target.Database);
            }
            else
            {
                finished++;
                await _world.RequireWholeAsync(target.Database);
                Assert.Equal("", await server.RunAsync(target.Database, "SHOW TABLES LIKE '%old'"));
                await MakeOldAsync(backup, target.Database);
            }
        }

        Assert.Equal(compound, sawCompound);
        Assert.True(undone >= 5 / every, $"undone {undone}");
        Assert.True(finished >= (compound ? 2 : 5 / every), $"finished {finished}");
    }

    /// <param name="every">As above.</param>
    protected async Task RequireRecoveredAsync(bool compound, int every = 1)
    {
        HandMadeBackup backup = await _world.MakeAsync("src");
        string target = _world.Address("target").Database;
        await MakeOldAsync(backup, target);
        string[] promotion;
        await using (StatementProxy proxy = Promoting(compound, int.MaxValue, default))
        {
            Assert.False(await FailsAsync(backup, Through(proxy, target)));
            promotion = proxy.Statements;
            await MakeOldAsync(backup, target);
        }

        int rename = Array.FindIndex(promotion, statement => statement.Contains("RENAME TABLE", StringComparison.Ordinal));
        foreach ((int last, bool hasMoved) in new[] { (rename - 1, false), (rename, true) })
        {
            string[] recovery = [];
            for (int cut = 0; cut == 0 || cut <= recovery.Length; cut += cut == 0 ? 1 : every)
            {
                // What only asks leaves what the statement before it has left.
                if (cut > 0 && IsOfSession(recovery[cut - 1]))
                {
                    continue;
                }

                StatementStop stop = cut % 2 == 0 ? StatementStop.OnTheWay : StatementStop.Answered;
                await CutAsync(backup, target, compound, last);
                await using StatementProxy proxy = new(server.Port, "SELECT GET_LOCK('ai_shell_", compound || server is MySqlServer ? null : Older) { StopAt = cut == 0 ? int.MaxValue : cut, Stop = stop };
                bool isDone = await RecoverAsync(Through(proxy, ""), target);
                Assert.Equal(cut == 0, isDone);
                recovery = cut == 0 ? proxy.Statements : recovery;
                await (isDone ? Task.CompletedTask : proxy.Over);
                await CleanUpAsync(target);
                try
                {
                    await RequireAsync(backup, target, hasMoved);
                }
                catch (Exception failure) when (cut > 0)
                {
                    throw new InvalidOperationException($"Cut at '{promotion[last]}', then {stop} at '{recovery[cut - 1]}'.", failure);
                }
            }

            Assert.True(recovery.Count(statement => !IsOfSession(statement)) >= 5, string.Join('\n', recovery));
        }
    }

    private StatementProxy Promoting(bool compound, int stopAt, StatementStop stop) =>
        new(server.Port, "ai_shell_journal", compound || server is MySqlServer ? null : Older) { StopAt = stopAt, Stop = stop };

    private DatabaseAddress Through(StatementProxy proxy, string database) =>
        server.AddressOf(database) with { Port = proxy.Port, Options = new Dictionary<string, string> { ["ssl-mode"] = "disabled" } };

    /// <param name="last">The number of the promotion's statement, from 0, that is the last that the server gets.</param>
    private async Task CutAsync(HandMadeBackup backup, string target, bool compound, int last)
    {
        await using StatementProxy proxy = Promoting(compound, last + 1, StatementStop.OnTheWay);
        Assert.True(await FailsAsync(backup, Through(proxy, target)));
        await proxy.Over;
        await UntilLeftAsync(target);
    }

    /// <summary>As a restore begins; false where the connection was cut.</summary>
    private static async Task<bool> RecoverAsync(DatabaseAddress address, string target)
    {
        using MySqlSession session = await Server.OpenAsync(SettingsReader.Read(address, new ProcessEnvironment()), default, "");
        try
        {
            return await ServerErrors.RunAsync(
                session,
                "what was left",
                open =>
                {
                    Leftovers.Remove(open, target);
                    return true;
                },
                default);
        }
        catch (AiShellException)
        {
            return false;
        }
    }

    private async Task RequireAsync(HandMadeBackup backup, string target, bool hasMoved)
    {
        Assert.Equal(hasMoved ? "0" : "1", await server.RunAsync(target, "SELECT count(*) FROM parent WHERE id = 77"));
        if (!hasMoved)
        {
            await RequireOldAsync(target);
            return;
        }

        await _world.RequireWholeAsync(target);
        Assert.Equal("", await server.RunAsync(target, "SHOW TABLES LIKE '%old'"));
        await MakeOldAsync(backup, target);
    }

    private static bool IsOfSession(string statement) => Array.Exists(["SELECT ", "SET ", "USE "], word => statement.StartsWith(word, StringComparison.Ordinal));

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
        await server.RunAsync("", $"DROP DATABASE IF EXISTS `{target}`");
        await backup.RestoreAsync(server.AddressOf(target), new TargetOptions(TableFilter.Everything, false, Replace: true, 1, Path.GetTempPath(), TimeSpan.FromSeconds(5)));
        await server.RunAsync(target, "CREATE TABLE table_old(x int); CREATE VIEW view_old AS SELECT * FROM table_old; INSERT INTO parent VALUES (77, 'old'); CREATE TRIGGER second_old BEFORE INSERT ON child FOR EACH ROW SET NEW.made = 5");
    }

    private async Task RequireOldAsync(string target)
    {
        await _world.RequireWholeAsync(target);
        Assert.Equal("5", await server.RunAsync(target, "BEGIN; INSERT INTO child(parent) VALUES(NULL); SELECT made FROM child ORDER BY id DESC LIMIT 1; ROLLBACK"));
        Assert.Equal("table_old\nview_old", await server.RunAsync(target, "SHOW TABLES LIKE '%old'"));
    }

    /// <summary>As the next restore does; the server may take a moment to see that the connection has ended.</summary>
    private async Task CleanUpAsync(string target)
    {
        using MySqlSession session = await OpenAsync();
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

    /// <summary>The server may take a moment to see that a connection has ended.</summary>
    private async Task UntilLeftAsync(string target)
    {
        using MySqlSession session = await OpenAsync();
        for (int tries = 0; Leftovers.Find(session, target).Count == 0; tries++)
        {
            Assert.True(tries < 1500, "Nothing is left.");
            await Task.Delay(20);
        }
    }

    private Task<MySqlSession> OpenAsync() => Server.OpenAsync(SettingsReader.Read(server.AddressOf(""), new ProcessEnvironment()), default, "");
}
