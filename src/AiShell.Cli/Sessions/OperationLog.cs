using System.Globalization;
using System.Text;
using AiShell.Configuration;
using AiShell.Connections;
using Serilog;
using Serilog.Core;
using Serilog.Sinks.File;

namespace AiShell.Cli.Sessions;

/// <summary>
/// logs/backup.log: what ran, and every error with its stack trace, without secrets. Five files of 10 MB, each readable by
/// its owner only.
/// </summary>
internal sealed class OperationLog : IDisposable
{
    private readonly Redactor _redactor;
    private readonly Logger _logger;

    public OperationLog(HomeDirectory home, Redactor redactor)
    {
        home.PrepareLogs();
        _redactor = redactor;
        _logger = new LoggerConfiguration()
            .WriteTo.File(
                home.LogFile,
                formatProvider: CultureInfo.InvariantCulture,
                outputTemplate: "{Timestamp:yyyy-MM-dd'T'HH:mm:ss.fffzzz} {Level:u3} {Message:lj}{NewLine}",
                fileSizeLimitBytes: 10 * 1024 * 1024,
                rollOnFileSizeLimit: true,
                retainedFileCountLimit: 5,
                shared: false,
                hooks: new OwnerOnly())
            .CreateLogger();
    }

    public void Information(string message) => _logger.Information("{Message:l}", _redactor.Redact(message));

    public void Error(string message, Exception? cause) =>
        _logger.Error("{Message:l}", _redactor.Redact(cause is null ? message : $"{message}\n{cause}"));

    public void Dispose() => _logger.Dispose();

    private sealed class OwnerOnly : FileLifecycleHooks
    {
        public override Stream OnFileOpened(string path, Stream underlyingStream, Encoding encoding)
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            return base.OnFileOpened(path, underlyingStream, encoding);
        }
    }
}
