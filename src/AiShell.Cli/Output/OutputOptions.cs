namespace AiShell.Cli.Output;

/// <param name="Csv">Lists as CSV instead of tables.</param>
internal sealed record OutputOptions(bool Quiet, bool Verbose, bool Color, bool Csv);
