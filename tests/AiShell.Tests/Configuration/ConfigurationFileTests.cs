using AiShell.Configuration;

namespace AiShell.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    private string Path => _home.Home.ConfigurationFile;

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_value_that_was_set_is_read_back()
    {
        ConfigurationFile.Set(Path, SettingKey.Compression, "zstd", TimeProvider.System);
        ConfigurationFile.Set(Path, SettingKey.MaxBackups, "3", TimeProvider.System);
        ConfigurationFile.Set(Path, SettingKey.Compression, "bzip2", TimeProvider.System);

        ConfigurationFile file = ConfigurationFile.Read(Path);
        Assert.Equal("bzip2", file.Values[SettingKey.Compression]);
        Assert.Equal("3", file.Values[SettingKey.MaxBackups]);
        Assert.Equal(2, file.Values.Count);
    }

    [Fact]
    public void Comments_unknown_keys_and_order_survive_a_change()
    {
        File.WriteAllText(Path, "# mine\nfuture:\n  deep: [1, 2]\nmaxBackups: 5 # enough\nretentionDays: 9\n");

        ConfigurationFile.Set(Path, SettingKey.MaxBackups, "6", TimeProvider.System);

        Assert.Equal("# mine\nfuture:\n  deep: [1, 2]\nmaxBackups: \"6\"\nretentionDays: 9\n", File.ReadAllText(Path));
        Assert.Equal(["future"], ConfigurationFile.Read(Path).UnknownKeys);
    }

    [Theory]
    [InlineData("maxBackups: 5")]
    [InlineData("maxBackups: 5\n")]
    [InlineData("maxBackups:   '5'   \nformat: csv")]
    [InlineData("maxBackups:\n  5\nformat: csv\n")]
    [InlineData("\"maxBackups\": \"5\"\nformat: csv\n")]
    [InlineData("format: csv")]
    [InlineData("---\nmaxBackups: 5\n")]
    public void A_value_is_replaced_however_it_is_written(string text)
    {
        File.WriteAllText(Path, text);
        ConfigurationFile.Set(Path, SettingKey.MaxBackups, "8", TimeProvider.System);
        ConfigurationFile file = ConfigurationFile.Read(Path);
        Assert.Equal("8", file.Values[SettingKey.MaxBackups]);
        Assert.Equal(text.Contains("format", StringComparison.Ordinal), file.Values.ContainsKey(SettingKey.Format));
    }

    [Fact]
    public void An_alias_is_replaced_by_the_key()
    {
        File.WriteAllText(Path, "repository: /old\n");
        ConfigurationFile.Set(Path, SettingKey.BackupDirectory, "/new \"dir\"\\", TimeProvider.System);
        Assert.Equal("/new \"dir\"\\", ConfigurationFile.Read(Path).Values[SettingKey.BackupDirectory]);
    }

    [Fact]
    public void Reset_removes_known_keys_and_keeps_the_rest()
    {
        File.WriteAllText(Path, "maxBackups: 5\nfuture: 1\nformat: csv\n");
        ConfigurationFile.Reset(Path, TimeProvider.System);
        Assert.Equal("future: 1\n", File.ReadAllText(Path));
    }

    [Fact]
    public void A_bad_value_changes_nothing()
    {
        File.WriteAllText(Path, "maxBackups: 5\n");
        Assert.Throws<AiShellException>(() => ConfigurationFile.Set(Path, SettingKey.MaxBackups, "x", TimeProvider.System));
        Assert.Equal("maxBackups: 5\n", File.ReadAllText(Path));
    }

    [Theory]
    [InlineData("maxBackups: [1")]
    [InlineData("- a\n- b\n")]
    [InlineData("just words")]
    [InlineData("maxBackups: 1\nmaxBackups: 2")]
    [InlineData("repository: a\nbackupDir: b")]
    [InlineData("maxBackups: {a: 1}")]
    [InlineData("a: \tb: c")]
    public void A_broken_file_is_a_usage_error(string text)
    {
        File.WriteAllText(Path, text);
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => ConfigurationFile.Read(Path)).Kind);
    }

    [Fact]
    public void The_file_and_the_home_are_private()
    {
        ConfigurationFile.Set(Path, SettingKey.Format, "csv", TimeProvider.System);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_home.Home.Root));
    }

    [Fact]
    public void A_home_that_is_open_to_others_is_closed()
    {
        File.SetUnixFileMode(_home.Home.Root, (UnixFileMode)Convert.ToInt32("755", 8));
        _home.Home.Prepare();
        Assert.Equal((UnixFileMode)Convert.ToInt32("700", 8), File.GetUnixFileMode(_home.Home.Root));
    }

    [Fact]
    public void Nothing_is_left_beside_the_file()
    {
        ConfigurationFile.Set(Path, SettingKey.Format, "csv", TimeProvider.System);
        Assert.Equal(["config.yaml", "config.yaml.lock"], Directory.GetFiles(_home.Home.Root).Select(System.IO.Path.GetFileName).Order());
    }

    [Fact]
    public void Many_writers_at_once_lose_nothing()
    {
        SettingKey[] keys = [SettingKey.MaxBackups, SettingKey.RetentionDays, SettingKey.Level, SettingKey.Jobs];
        Parallel.ForEach(keys, key => ConfigurationFile.Set(Path, key, "5", TimeProvider.System));
        Assert.Equal(4, ConfigurationFile.Read(Path).Values.Count);
    }
}
