namespace AiShell.Configuration;

public enum SettingSource
{
    Default,
    File,
    Environment,
    Flag,
}

/// <param name="SourceName">The source in words: <c>--compression</c>, <c>AI_SHELL_MAX_BACKUPS</c>, the file's path, <c>default</c>.</param>
public sealed record SettingValue(SettingKey Key, string Text, SettingSource Source, string SourceName);

/// <summary>
/// The configuration in force: of each key the value from the first of flag, environment, config.yaml, default.
/// A value that does not parse is an error when it is used, naming key, value and source.
/// </summary>
public sealed class Settings
{
    private readonly HomeDirectory _home;
    private readonly IEnvironment _environment;
    private readonly ConfigurationFile _file;
    private readonly Dictionary<SettingKey, (string Text, string Name)> _flags = [];

    private Settings(HomeDirectory home, IEnvironment environment, ConfigurationFile file)
    {
        _home = home;
        _environment = environment;
        _file = file;
    }

    /// <summary>Reads config.yaml; values are checked when they are asked for.</summary>
    public static Settings Load(HomeDirectory home, IEnvironment environment) =>
        new(home, environment, ConfigurationFile.Read(home.ConfigurationFile));

    public IReadOnlyList<string> UnknownKeys => _file.UnknownKeys;

    public string FilePath => _file.Path;

    /// <summary>The folder (or a store's URL) that holds the backups, with <c>~</c> replaced; a relative path in config.yaml is relative to the home.</summary>
    public string Repository
    {
        get
        {
            SettingValue value = Get(SettingKey.BackupDirectory);
            if (value.Text.Contains("://", StringComparison.Ordinal))
            {
                return value.Text;
            }

            string path = _environment.ExpandTilde(value.Text);
            return value.Source == SettingSource.File ? Path.GetFullPath(path, _home.Root) : Path.GetFullPath(path);
        }
    }

    /// <summary>Zero: for ever.</summary>
    public int RetentionDays => SettingText.Whole(Get(SettingKey.RetentionDays).Text);

    /// <summary>Zero: any number.</summary>
    public int MaxBackups => SettingText.Whole(Get(SettingKey.MaxBackups).Text);

    public string Compression => Get(SettingKey.Compression).Text;

    public string Format => Get(SettingKey.Format).Text;

    /// <summary>Null: the compression's own default.</summary>
    public int? Level => Get(SettingKey.Level).Text is var text && text == "default" ? null : SettingText.Whole(text);

    public int Jobs => Get(SettingKey.Jobs).Text is var text && text == "auto"
        ? Math.Clamp(Environment.ProcessorCount, 1, 8)
        : SettingText.Whole(text);

    public TimeSpan LockWait => SettingText.TryDuration(Get(SettingKey.LockWait).Text, out TimeSpan wait)
        ? wait
        : throw new InvalidOperationException("A checked duration parses.");

    /// <summary>A value given on the command line wins over all others; null changes nothing.</summary>
    /// <param name="flag">The option's name, for errors: <c>--compression</c>.</param>
    public Settings With(SettingKey key, string? text, string flag)
    {
        if (text is not null)
        {
            key.Check(text, flag);
            _flags[key] = (text, flag);
        }

        return this;
    }

    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the value does not parse.</exception>
    public SettingValue Get(SettingKey key)
    {
        SettingValue value = Find(key);
        key.Check(value.Text, value.SourceName);
        return value;
    }

    /// <summary>The value without checking it.</summary>
    public SettingValue Find(SettingKey key)
    {
        if (_flags.TryGetValue(key, out (string Text, string Name) flag))
        {
            return new SettingValue(key, flag.Text, SettingSource.Flag, flag.Name);
        }

        foreach (string name in key.EnvironmentNames)
        {
            // An empty variable is how a shell unsets one for a single command.
            if (_environment.Get(name) is { Length: > 0 } text)
            {
                return new SettingValue(key, text, SettingSource.Environment, $"the environment variable {name}");
            }
        }

        return _file.Values.TryGetValue(key, out string? fromFile)
            ? new SettingValue(key, fromFile, SettingSource.File, _file.Path)
            : new SettingValue(key, DefaultOf(key), SettingSource.Default, "default");
    }

    private string DefaultOf(SettingKey key) => key.Name switch
    {
        "backupDir" => _home.DefaultRepository,
        "retentionDays" => "30",
        "maxBackups" => "50",
        "compression" => "gzip",
        "format" => "sql",
        "level" => "default",
        "jobs" => "auto",
        "lockWait" => "30s",
        _ => throw new InvalidOperationException($"The setting {key.Name} has no default."),
    };
}
