using AiShell.Configuration;

namespace AiShell.Tests.Configuration;

public sealed class SettingsTests : IDisposable
{
    private readonly TemporaryHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Defaults_are_those_of_the_manual()
    {
        Settings settings = Settings.Load(_home.Home, new FakeEnvironment());

        Assert.Equal(Path.Combine(_home.Home.Root, "backups"), settings.Repository);
        Assert.Equal((30, 50, "gzip", "sql", null), (settings.RetentionDays, settings.MaxBackups, settings.Compression, settings.Format, settings.Level));
        Assert.Equal(Math.Min(Environment.ProcessorCount, 8), settings.Jobs);
    }

    [Fact]
    public void Flag_wins_over_environment_over_file_over_default()
    {
        var environment = new FakeEnvironment(("AI_SHELL_MAX_BACKUPS", "7"));
        Assert.Equal(50, Settings.Load(_home.Home, new FakeEnvironment()).MaxBackups);

        Write("maxBackups: 5\n");
        Assert.Equal(5, Settings.Load(_home.Home, new FakeEnvironment()).MaxBackups);
        Assert.Equal(7, Settings.Load(_home.Home, environment).MaxBackups);
        Assert.Equal(9, Settings.Load(_home.Home, environment).With(SettingKey.MaxBackups, "9", "--max-backups").MaxBackups);
        Assert.Equal(7, Settings.Load(_home.Home, environment).With(SettingKey.MaxBackups, null, "--max-backups").MaxBackups);
    }

    [Theory]
    [InlineData("AI_SHELL_BACKUP_DIR")]
    [InlineData("AI_SHELL_REPOSITORY")]
    public void Both_variables_name_the_repository(string variable) =>
        Assert.Equal("/mnt/backups", Settings.Load(_home.Home, new FakeEnvironment((variable, "/mnt/backups"))).Repository);

    [Theory]
    [InlineData("backupDir: /mnt/b", "/mnt/b")]
    [InlineData("repository: /mnt/b", "/mnt/b")]
    [InlineData("BACKUPDIR: '/mnt/b b'", "/mnt/b b")]
    [InlineData("backupDir: ~/b", "/home/someone/b")]
    public void The_file_names_the_repository(string line, string expected)
    {
        Write(line);
        Assert.Equal(expected, Settings.Load(_home.Home, new FakeEnvironment()).Repository);
    }

    [Fact]
    public void A_relative_repository_in_the_file_is_relative_to_the_home()
    {
        Write("backupDir: elsewhere\n");
        Assert.Equal(Path.Combine(_home.Home.Root, "elsewhere"), Settings.Load(_home.Home, new FakeEnvironment()).Repository);
    }

    [Theory]
    [InlineData("maxBackups: many", "maxBackups", "many")]
    [InlineData("maxBackups: -1", "maxBackups", "-1")]
    [InlineData("retentionDays: 1.5", "retentionDays", "1.5")]
    [InlineData("retentionDays: ' 3'", "retentionDays", " 3")]
    [InlineData("compression: rar", "compression", "rar")]
    [InlineData("format: xml", "format", "xml")]
    [InlineData("level: 99", "level", "99")]
    [InlineData("jobs: 0", "jobs", "0")]
    [InlineData("lockWait: soon", "lockWait", "soon")]
    public void A_value_that_does_not_parse_names_key_value_and_source(string line, string key, string value)
    {
        Write(line);
        Settings settings = Settings.Load(_home.Home, new FakeEnvironment());

        AiShellException error = Assert.Throws<AiShellException>(() => settings.Get(SettingKey.Named(key)));

        Assert.Equal(ErrorKind.Usage, error.Kind);
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(_home.Home.ConfigurationFile, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_variable_is_named()
    {
        Settings settings = Settings.Load(_home.Home, new FakeEnvironment(("AI_SHELL_RETENTION_DAYS", "ten")));
        AiShellException error = Assert.Throws<AiShellException>(() => settings.RetentionDays);
        Assert.Contains("AI_SHELL_RETENTION_DAYS", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_flag_is_named() =>
        Assert.Contains(
            "--compression",
            Assert.Throws<AiShellException>(() => Settings.Load(_home.Home, new FakeEnvironment()).With(SettingKey.Compression, "rar", "--compression")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30", 30)]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("12h", 43200)]
    [InlineData("7d", 604800)]
    [InlineData("2w", 1209600)]
    public void Durations_are_read(string text, double seconds)
    {
        Assert.True(SettingText.TryDuration(text, out TimeSpan duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("d")]
    [InlineData("-1s")]
    [InlineData("1.5h")]
    [InlineData("1y")]
    [InlineData("99999999999999999999d")]
    [InlineData("9999999999999999d")]
    public void Bad_durations_are_refused(string text) => Assert.False(SettingText.TryDuration(text, out _));

    private void Write(string text) => File.WriteAllText(_home.Home.ConfigurationFile, text);
}
