using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiShell.Testing.Repository;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>
/// "An earlier tool of the same name whose backup commands looked complete and did nothing real." Its sins, one test each, as far as
/// they can apply to SQLite. What came later has its tests when it comes: increments, point in time, schedules.
/// <list type="bullet">
/// <item>"its tests were all against mocks": nothing here is mocked; every test runs the built binary on real files.</item>
/// </list>
/// </summary>
public sealed partial class WhereItCameFromTests : IDisposable
{
    private readonly Shell _shell = new();

    /// <summary>Each option of each command, and the test that sees what it does.</summary>
    private static readonly Dictionary<string, string> SeenIn = new(StringComparer.Ordinal)
    {
        ["connect --name"] = nameof(SelectionTests.A_connection_is_the_default_only_where_nothing_is_made),
        ["connect --test"] = nameof(SelectionTests.A_broken_connection_is_shown_with_the_others),
        ["connect --password-stdin"] = nameof(RedactionTests.A_password_from_standard_input_is_shown_nowhere),
        ["connections --health"] = nameof(SelectionTests.A_broken_connection_is_shown_with_the_others),
        ["connections --format"] = nameof(OptionEffectTests.Every_list_has_three_formats),
        ["backup create --database"] = nameof(SelectionTests.Latest_is_the_newest_of_the_database_that_is_named),
        ["backup create --name"] = nameof(CreateOptionTests.Name_tags_format_compression_and_level_are_in_the_backup),
        ["backup create --compression"] = nameof(CreateOptionTests.Name_tags_format_compression_and_level_are_in_the_backup),
        ["backup create --level"] = nameof(CreateOptionTests.Name_tags_format_compression_and_level_are_in_the_backup),
        ["backup create --format"] = nameof(CreateOptionTests.Name_tags_format_compression_and_level_are_in_the_backup),
        ["backup create --tag"] = nameof(CreateOptionTests.Name_tags_format_compression_and_level_are_in_the_backup),
        ["backup create --verify"] = nameof(CreateOptionTests.Verify_is_remembered_with_the_backup),
        ["backup create --tables"] = nameof(CreateOptionTests.Tables_and_their_exceptions_are_what_is_stored),
        ["backup create --exclude-tables"] = nameof(CreateOptionTests.Tables_and_their_exceptions_are_what_is_stored),
        ["backup create --globals"] = nameof(PostgreSqlGlobalsTests.What_the_server_lacks_is_made_and_what_it_has_stays_as_it_is),
        ["backup restore --globals"] = nameof(PostgreSqlGlobalsTests.What_the_server_lacks_is_made_and_what_it_has_stays_as_it_is),
        ["backup create --incremental"] = nameof(IncrementTests.A_chain_begins_by_itself_holds_what_changed_and_restores_at_every_link),
        ["backup create --differential"] = nameof(IncrementTests.A_differential_needs_its_base_alone),
        ["backup create --full-every"] = nameof(IncrementTests.An_old_base_begins_a_new_chain_and_a_new_base_too),
        ["backup restore --point-in-time"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup restore --to-position"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup restore --keep-staging"] = nameof(ContinueTests.A_copy_is_brought_further_until_it_is_the_right_one),
        ["backup restore --continue"] = nameof(ContinueTests.A_copy_is_brought_further_until_it_is_the_right_one),
        ["backup restore --timeline"] = nameof(WatchTests.A_restore_over_the_database_begins_another_history),
        ["backup watch --database"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup watch --flush-every"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup watch --full-every"] = nameof(WatchTests.A_base_is_renewed_beside_the_log_and_what_lies_before_can_go),
        ["backup watch --log-limit"] = nameof(WatchTests.The_databases_own_log_stays_within_its_limit),
        ["backup watch --compression"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup watch --level"] = nameof(WatchTests.A_restore_stops_where_it_is_told),
        ["backup watch --lock-wait"] = nameof(WatchTests.Only_one_capture_is_at_work),
        ["backup watch --jobs"] = nameof(A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one),
        ["backup create --history"] = nameof(MySqlOptionTests.History_keeps_the_earlier_rows_of_versioned_tables),
        ["backup create --no-lock"] = nameof(MySqlOptionTests.Without_a_lock_tables_without_transactions_are_refused),
        ["backup restore --no-binlog"] = nameof(MySqlOptionTests.A_restore_stays_out_of_the_binary_log_where_that_is_wanted),
        ["backup restore --definer"] = nameof(MySqlOptionTests.Definers_are_kept_or_what_they_are_told_to_be),
        ["backup create --schema-only"] = nameof(CreateOptionTests.Schema_only_has_no_rows_and_data_only_has_no_tables),
        ["backup create --data-only"] = nameof(CreateOptionTests.Schema_only_has_no_rows_and_data_only_has_no_tables),
        ["backup create --jobs"] = nameof(PostgreSqlJobsTests.Jobs_are_the_tables_that_are_read_at_once),
        ["backup create --rate-limit"] = nameof(CreateOptionTests.A_rate_limit_holds_the_backup_back),
        ["backup create --lock-wait"] = nameof(CreateOptionTests.A_database_that_somebody_writes_is_waited_for_and_is_then_busy),
        ["backup create --allow-empty"] = nameof(CreateOptionTests.An_empty_database_after_a_full_one_needs_consent),
        ["backup list --database"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --after"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --before"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --kind"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --backup-format"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --limit"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --sort"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup list --format"] = nameof(OptionEffectTests.List_filters_sorts_and_formats),
        ["backup info --database"] = nameof(SelectionTests.Two_files_of_one_name_are_not_taken_for_each_other),
        ["backup info --tables"] = nameof(CreateOptionTests.Tables_and_their_exceptions_are_what_is_stored),
        ["backup verify --all"] = nameof(OptionEffectTests.Verify_and_test_look_as_deep_as_they_are_told),
        ["backup verify --deep"] = nameof(Verify_catches_an_archive_that_has_the_right_checksum_and_cannot_be_restored),
        ["backup verify --database"] = nameof(OptionEffectTests.Verify_and_test_look_as_deep_as_they_are_told),
        ["backup verify --jobs"] = nameof(CreateOptionTests.Jobs_are_the_lanes_that_work_at_once),
        ["backup test --database"] = nameof(OptionEffectTests.Verify_and_test_look_as_deep_as_they_are_told),
        ["backup test --sample-size"] = nameof(OptionEffectTests.Verify_and_test_look_as_deep_as_they_are_told),
        ["backup test --validate-data"] = nameof(OptionEffectTests.Verify_and_test_look_as_deep_as_they_are_told),
        ["backup test --jobs"] = nameof(A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one),
        ["backup restore --database"] = nameof(SelectionTests.Latest_is_the_newest_of_the_database_that_is_named),
        ["backup restore --dry-run"] = nameof(BackupAndRestoreTests.A_target_that_is_not_empty_is_replaced_only_with_consent),
        ["backup restore --verify"] = nameof(OptionEffectTests.A_restore_goes_where_it_is_told_and_compares_when_it_is_told),
        ["backup restore --tables"] = nameof(BackupAndRestoreTests.Some_tables_go_into_a_database_that_stays),
        ["backup restore --target-dir"] = nameof(OptionEffectTests.A_restore_goes_where_it_is_told_and_compares_when_it_is_told),
        ["backup restore --force"] = nameof(ConfirmationTests.Without_a_terminal_nothing_is_a_yes_but_the_options),
        ["backup restore --jobs"] = nameof(A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one),
        ["backup restore --keep-old"] = nameof(PostgreSqlRestoreTests.Options_of_a_restore_do_what_they_say),
        ["backup restore --no-owner"] = nameof(PostgreSqlRestoreTests.Options_of_a_restore_do_what_they_say),
        ["backup restore --lock-wait"] = nameof(A_target_that_somebody_uses_is_waited_for_and_is_then_busy),
        ["backup delete --force"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup delete --dry-run"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        // Nothing needs another backup before there are increments.
        ["backup delete --cascade"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup delete --lock-wait"] = nameof(OptionEffectTests.Whoever_changes_the_backups_of_a_database_waits_as_long_as_it_is_told),
        ["backup prune --database"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup prune --dry-run"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup prune --retention-days"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup prune --max-backups"] = nameof(OptionEffectTests.Prune_keeps_what_it_is_told_to),
        ["backup prune --lock-wait"] = nameof(OptionEffectTests.Whoever_changes_the_backups_of_a_database_waits_as_long_as_it_is_told),
        ["backup export --database"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup export --compression"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup export --level"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup export --force"] = nameof(SelectionTests.Several_backups_go_to_a_directory_and_come_back_from_it),
        ["backup import --database"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup import --name"] = nameof(OptionEffectTests.Whoever_changes_the_backups_of_a_database_waits_as_long_as_it_is_told),
        ["backup import --compression"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup import --level"] = nameof(OptionEffectTests.Export_and_import_compress_as_they_are_told),
        ["backup import --jobs"] = nameof(A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one),
        ["backup import --lock-wait"] = nameof(OptionEffectTests.Whoever_changes_the_backups_of_a_database_waits_as_long_as_it_is_told),
        ["backup import --trust"] = nameof(A_file_that_grows_too_much_is_imported_only_with_trust),
        ["backup status --format"] = nameof(OptionEffectTests.Every_list_has_three_formats),
        ["backup history --last"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["backup history --database"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["backup history --limit"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["backup history --format"] = nameof(OptionEffectTests.Every_list_has_three_formats),
        ["backup config --show"] = nameof(Config_shows_what_was_set),
        ["backup config --get"] = nameof(ConfigurationTests.A_variable_wins_over_the_file_and_an_empty_one_does_not),
        ["backup config --set"] = nameof(ConfigurationTests.A_variable_wins_over_the_file_and_an_empty_one_does_not),
        ["backup config --reset"] = nameof(Config_shows_what_was_set),
        ["backup config --format"] = nameof(OptionEffectTests.Every_list_has_three_formats),
        ["health-check --database"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["query --database"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["query --limit"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["query --write"] = nameof(OptionEffectTests.History_and_query_show_as_much_as_they_are_told),
        ["query --format"] = nameof(OptionEffectTests.Every_list_has_three_formats),
        ["repo check --jobs"] = nameof(A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one),
        ["repo gc --dry-run"] = nameof(RepositoryCommandTests.Garbage_is_shown_then_removed_and_nothing_else),
        ["repo unlock --force"] = nameof(RepositoryCommandTests.A_held_lock_is_shown_waited_for_taken_and_its_holder_then_commits_nothing),
        [" --json"] = nameof(CreateOptionTests.Quiet_says_only_the_result_and_verbose_or_not_json_stands_alone),
        [" --quiet"] = nameof(CreateOptionTests.Quiet_says_only_the_result_and_verbose_or_not_json_stands_alone),
        [" --verbose"] = nameof(CreateOptionTests.Quiet_says_only_the_result_and_verbose_or_not_json_stands_alone),
        [" --no-color"] = nameof(ConfirmationTests.A_terminal_has_colours_unless_they_are_unwanted),
        [" --yes"] = nameof(ConfirmationTests.Without_a_terminal_nothing_is_a_yes_but_the_options),
        [" --repo"] = nameof(ConfigurationTests.The_repository_is_where_flag_environment_file_and_default_say_in_this_order),
        [" --home"] = nameof(ConfigurationTests.The_home_is_where_the_flag_says),
    };

    public void Dispose() => _shell.Dispose();

    /// <summary>"Its commands looked complete": an option that nobody has seen do something does not get in.</summary>
    [Fact]
    public async Task Every_option_of_every_command_is_seen_to_do_something()
    {
        string[] there = await OptionsAsync("", []);
        Assert.Equal(there.Order(StringComparer.Ordinal), SeenIn.Keys.Order(StringComparer.Ordinal));
        HashSet<string> tests = [.. typeof(WhereItCameFromTests).Assembly.GetTypes().SelectMany(type => type.GetMethods()).Where(method => method.GetCustomAttribute<FactAttribute>() is not null).Select(method => method.Name)];
        Assert.All(SeenIn.Values, test => Assert.Contains(test, tests));
    }

    /// <summary>"Its incremental was a flag, its point in time was dropped": what is not there yet is refused, not accepted.</summary>
    [Theory]
    [InlineData("create", "--encrypt")]
    [InlineData("restore", "--keep-staging")]
    public async Task What_does_not_work_yet_is_wrong_usage(string command, string option)
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        await _shell.ExpectAsync(ErrorKind.Usage, [.. command == "restore" ? new[] { "backup", "restore", "latest" } : ["backup", "create"], "-d", shop, option]);
        Assert.Equal(1, (await _shell.JsonAsync(null, "backup", "list")).GetArrayLength());
    }

    /// <summary>"Its JSON and CSV were empty files"; that they come back whole: <see cref="BackupAndRestoreTests.What_was_backed_up_comes_back_in_every_format"/>.</summary>
    [Theory]
    [InlineData("json", "\"Zoë '1\"")]
    [InlineData("csv", "Zoë '1")]
    public async Task Json_and_csv_hold_the_rows(string format, string value)
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", await _shell.ShopAsync(orders: 50), "--format", format, "-c", "none");
        string[] data = [.. _shell.Parts.Where(part => part.EndsWith(format == "csv" ? ".csv" : ".jsonl", StringComparison.Ordinal))];
        Assert.Equal(3, data.Length);
        Assert.All(data, part => Assert.NotEqual(0, new FileInfo(part).Length));
        string all = string.Concat(data.Select(File.ReadAllText));
        Assert.Contains(value, all, StringComparison.Ordinal);
        Assert.Contains("9223372036854775807", all, StringComparison.Ordinal);
    }

    /// <summary>
    /// "Its verify passed on archives that could not be restored": here every checksum fits what is stored, and what is stored is not
    /// the database. Damage that a checksum sees: <see cref="BadInputTests.A_damaged_part_is_found_named_and_never_restored"/>.
    /// </summary>
    [Theory]
    [InlineData("INSERT INTO \"customer\"", "INSERT INTO \"kustomer\"")]
    [InlineData("CREATE TABLE orders", "CREATE TABEL orders")]
    [InlineData("Zoë ''7'", "Zoe ''7'")]
    public async Task Verify_catches_an_archive_that_has_the_right_checksum_and_cannot_be_restored(string text, string other)
    {
        string shop = await _shell.ShopAsync(orders: 100);
        JsonElement made = await _shell.JsonAsync(null, "backup", "create", "-d", shop, "-c", "none");
        string id = made.GetProperty("id").GetString()!;
        string part = _shell.Parts.First(file => File.ReadAllText(file).Contains(text, StringComparison.Ordinal));
        await File.WriteAllTextAsync(part, File.ReadAllText(part).Replace(text, other, StringComparison.Ordinal));
        Forgery.Forge(Path.Combine(made.GetProperty("path").GetString()!, "manifest.json"));

        await _shell.ExpectAsync(null, "backup", "verify", id);
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "verify", id, "--deep");
        // A script that SQLite does not take is a failure, rows that are not the manifest's are damage.
        Assert.Contains((await _shell.RunAsync("backup", "test", id, "--validate-data")).ExitCode, new[] { 1, 4 });
        await _shell.ExpectAsync(ErrorKind.Integrity, "backup", "restore", id, "-d", _shell.PathOf("new.db"), "--verify");
        Assert.False(File.Exists(_shell.PathOf("new.db")));
    }

    /// <summary>"Its exit code was 0 on corruption": every command that meets it.</summary>
    [Fact]
    public async Task No_command_that_meets_corruption_is_exit_0()
    {
        await _shell.ExpectAsync(null, "backup", "create", "-d", await _shell.ShopAsync(orders: 50));
        string part = _shell.Parts.MaxBy(file => new FileInfo(file).Length)!;
        byte[] content = await File.ReadAllBytesAsync(part);
        content[^12] ^= 1;
        await File.WriteAllBytesAsync(part, content);
        foreach (string[] command in new string[][]
        {
            ["backup", "verify", "latest"], ["backup", "verify", "--all"], ["backup", "verify", "latest", "--deep"], ["backup", "test", "latest"],
            ["backup", "restore", "latest", "-d", _shell.PathOf("new.db")], ["backup", "export", "latest", _shell.PathOf("x.sql.gz")], ["repo", "check"],
        })
        {
            BufferedCommandResult result = await _shell.RunAsync(command);
            Shell.Expect(4, result);
            Assert.Contains("Error: ", result.StandardError, StringComparison.Ordinal);
            Assert.Contains("Hint: ", result.StandardError, StringComparison.Ordinal);
        }

        // The dry run does the checks and finds it too; health-check remembers it.
        Assert.NotEqual(0, (await _shell.RunAsync("backup", "restore", "latest", "-d", _shell.PathOf("new.db"), "--dry-run")).ExitCode);
        await _shell.ExpectAsync(ErrorKind.Failed, "health-check", "-d", _shell.PathOf("shop.db"));
        Assert.Equal("damaged", (await _shell.JsonAsync(null, "backup", "status"))[0].GetProperty("health").GetString());
        Assert.Empty(Directory.GetFiles(_shell.Folder, "x.sql.gz*"));
    }

    /// <summary>"Its prompts never came": <see cref="ConfirmationTests.Restore_asks_for_the_databases_name"/>, on a real terminal.</summary>
    [Fact]
    public async Task A_number_of_jobs_that_makes_no_sense_is_refused_by_every_command_that_takes_one()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        foreach (string[] command in new string[][] { ["backup", "test", "latest"], ["backup", "restore", "latest", "-d", _shell.PathOf("new.db")], ["backup", "import", shop], ["repo", "check"], ["backup", "verify", "--all"] })
        {
            await _shell.ExpectAsync(ErrorKind.Usage, [.. command, "--jobs", "257"]);
            await _shell.ExpectAsync(null, [.. command, "--jobs", "2"]);
        }

        await _shell.ExpectAsync(ErrorKind.Usage, "backup", "watch", "-d", shop, "--jobs", "257");
    }

    [Fact]
    public async Task A_target_that_somebody_uses_is_waited_for_and_is_then_busy()
    {
        string shop = await _shell.ShopAsync(orders: 20);
        await _shell.ExpectAsync(null, "backup", "create", "-d", shop);
        using var writer = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sqlite3", [shop]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await writer.StandardInput.WriteLineAsync("BEGIN EXCLUSIVE; DELETE FROM orders WHERE id = 1; SELECT 'locked';");
        await writer.StandardInput.FlushAsync();
        Assert.Equal("locked", await writer.StandardOutput.ReadLineAsync());
        await _shell.ExpectAsync(ErrorKind.Busy, "backup", "restore", "latest", "-d", shop, "--force", "--lock-wait", "0s");
        await writer.StandardInput.WriteLineAsync("COMMIT;");
        writer.StandardInput.Close();
        await writer.WaitForExitAsync();
        Assert.Equal("19", await Shell.SqliteAsync(shop, "SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task A_file_that_grows_too_much_is_imported_only_with_trust()
    {
        string large = _shell.PathOf("large.db");
        await Shell.SqliteAsync(large, "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO t SELECT zeroblob(1000000) FROM n;");
        await CliWrap.Cli.Wrap("zstd").WithArguments(["-q", "--rm", large]).ExecuteBufferedAsync();
        BufferedCommandResult refused = await _shell.RunAsync("backup", "import", large + ".zst", "-c", "zstd");
        Shell.Expect(5, refused);
        Assert.Contains("--trust", refused.StandardError, StringComparison.Ordinal);
        await _shell.ExpectAsync(null, "backup", "import", large + ".zst", "-c", "zstd", "--trust");
    }

    [Fact]
    public async Task Config_shows_what_was_set()
    {
        await _shell.ExpectAsync(null, "backup", "config", "--set", "compression=zstd");
        Assert.Contains("zstd", await _shell.ExpectAsync(null, "backup", "config", "--show"), StringComparison.Ordinal);
        await _shell.ExpectAsync(null, "backup", "config", "--reset", "--yes");
        Assert.DoesNotContain("zstd", await _shell.ExpectAsync(null, "backup", "config", "--show"), StringComparison.Ordinal);
    }

    /// <summary>The commands and options that the help names, as <c>backup create --jobs</c>; those of every command once, at the root.</summary>
    private async Task<string[]> OptionsAsync(string path, IReadOnlyCollection<string> everywhere)
    {
        string help = await _shell.ExpectAsync(null, [.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        string[] options = [.. Section(help, "Options:").Select(line => LongOption().Match(line).Value).Where(option => option is not ("" or "--help" or "--version")).Except(everywhere)];
        string[] found = [.. options.Select(option => $"{path} {option}")];
        string[] inherited = path.Length == 0 ? options : [.. everywhere];
        foreach (string command in Section(help, "Commands:").Select(line => line.Trim().Split(' ')[0]))
        {
            found = [.. found, .. await OptionsAsync($"{path} {command}".Trim(), inherited)];
        }

        return found;
    }

    private static IEnumerable<string> Section(string help, string title) =>
        help.Split('\n').SkipWhile(line => line != title).Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal));

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex LongOption();
}
