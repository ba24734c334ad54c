namespace AiShell.Cli.Sessions;

/// <summary>The options that every command takes.</summary>
internal sealed record GlobalValues(bool Json, bool Csv, bool Quiet, bool Verbose, bool NoColor, bool Yes, string? Repository, string? Home);
