using AiShell.Connections;
using AiShell.Engines;
using AiShell.Testing.Engines;

namespace AiShell.IntegrationTests.MySql.Restore;

/// <summary>Libraries of JavaScript (MySQL 9.2), and routines that take them in: the server keeps these without the component that runs them.</summary>
[Collection(OnMySql.Name)]
public sealed class MySqlServerLibraryTests(SharedMySql shared) : SnapshotSuite(shared.Server)
{
    private const string Script =
        """
        CREATE TABLE t(id int PRIMARY KEY); INSERT INTO t VALUES (1);
        DELIMITER ;;
        CREATE LIBRARY `li``b` COMMENT 'it''s; a "library"' LANGUAGE JAVASCRIPT AS $x$ // don't; `
          export function f(n) { return "$$ ;; ü🙂 \n DEFINER=" /* FUNCTION `l`.`x` */ } $x$;;
        SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES';;
        CREATE LIBRARY "plain" LANGUAGE JAVASCRIPT AS 'export function g() { return "back\slash" }';;
        CREATE FUNCTION uses(n int) RETURNS int DETERMINISTIC LANGUAGE JAVASCRIPT USING ("li`b" AS x, plain) AS $$ /* USING (`l`.`x`) isn't */ return x.f(n) $$;;
        SET sql_mode = DEFAULT;;
        CREATE PROCEDURE also(IN n int) LANGUAGE JAVASCRIPT USING (plain AS `p``1`) AS $$ p.g() $$;;
        CREATE VIEW seen AS SELECT uses(id) AS u FROM t;;
        DELIMITER ;
        """;

    [Fact]
    public async Task Libraries_and_what_takes_them_in_come_back_under_another_name_and_over_others()
    {
        await Server.RunAsync("", "DROP USER IF EXISTS librarian; CREATE USER librarian");
        DatabaseAddress source = await CreateAsync(Script);
        await Server.RunAsync(source.Database, "GRANT EXECUTE ON LIBRARY plain TO librarian");
        string[] expected = await StateAsync(source.Database);
        SnapshotOptions options = Options() with { WithGlobals = true };
        await using ISnapshot snapshot = await Engine.OpenSnapshotAsync(source, options, default);
        MemoryBackup backup = await MemoryBackup.WriteAsync(Engine, snapshot, options);
        Assert.Equal(2, snapshot.Objects["libraries"]);
        Assert.Empty(snapshot.Warnings);
        string byClient = await RestoreByClientAsync(backup);
        await Server.RunAsync("", $"DROP DATABASE {source.Database}");
        Assert.Equal(expected, await StateAsync(byClient));

        DatabaseAddress target = NewAddress();
        await RestoreAsync(backup, target);
        Assert.Equal(expected, await StateAsync(target.Database));

        await Server.RunAsync(target.Database, "DROP LIBRARY `li``b`; CREATE LIBRARY later LANGUAGE JAVASCRIPT AS 'export function h() { }'; ALTER LIBRARY plain COMMENT 'other'; CREATE FUNCTION uses_later() RETURNS int DETERMINISTIC LANGUAGE JAVASCRIPT USING (later) AS 'return 1'; DROP FUNCTION uses; DROP VIEW seen");
        TargetState state = await Engine.InspectTargetAsync(target, backup.Contents, Target(), default);
        Assert.Contains("library later", state.Replaced);
        string kept = (await RestoreAsync(backup, target))!;
        Assert.Equal(expected, await StateAsync(target.Database));
        Assert.Equal("later\nplain", await Server.RunAsync(kept, "SELECT LIBRARY_NAME FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = DATABASE() ORDER BY 1"));
        await Server.RunAsync("", $"DROP DATABASE {Quote(kept)}; DROP USER librarian");
    }

    private TargetOptions Target() => new(TableFilter.Everything, IntoExisting: false, Replace: true, 2, Scratch, TimeSpan.FromSeconds(10)) { KeepOld = true };

    /// <returns>Where the old one is kept.</returns>
    private async Task<string?> RestoreAsync(MemoryBackup backup, DatabaseAddress address)
    {
        await using IRestoreTarget target = await Engine.OpenTargetAsync(address, backup.Contents, Target(), default);
        await backup.LoadAsync(target, TableFilter.Everything);
        await target.CompleteAsync(fingerprints: true, default);
        Assert.Empty(target.Warnings);
        await target.PromoteAsync(default);
        return target.KeptAs;
    }

    /// <summary>Privileges stay when a database goes.</summary>
    private async Task<string[]> StateAsync(string database) =>
    [
        .. await DumpAsync(database),
        .. (await Server.RunAsync("", "SHOW GRANTS FOR librarian")).Split('\n').Where(grant => grant.Contains(database, StringComparison.Ordinal)).Select(grant => grant.Replace(database, "(database)", StringComparison.Ordinal)),
    ];
}
