using CliWrap;
using CliWrap.Buffered;

namespace AiShell.Tests.Engines.SqliteRows;

/// <summary>The sqlite3 command of the machine, as a person would use it.</summary>
internal static class StockShell
{
    /// <summary>Runs <c>sqlite3 -bail path &lt; script</c>; it must exit with 0 and complain of nothing.</summary>
    public static async Task Restore(string path, byte[] script)
    {
        BufferedCommandResult result = await CliWrap.Cli.Wrap("sqlite3").WithArguments(["-bail", path])
            .WithStandardInputPipe(PipeSource.FromBytes(script)).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        Assert.Equal(("", 0), (result.StandardError, result.ExitCode));
    }
}
