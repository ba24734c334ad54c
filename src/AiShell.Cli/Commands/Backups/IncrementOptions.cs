using System.CommandLine;
using AiShell.Backup;
using AiShell.Engines;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Backups;

/// <summary>What <c>backup create</c> is asked for beyond a full backup.</summary>
internal sealed class IncrementOptions
{
    private readonly Option<bool> _incremental = new("--incremental") { Description = "Only what changed since the backup before; a full one first where there is none to build on" };
    private readonly Option<bool> _differential = new("--differential") { Description = "Only what changed since the last full backup; that first where there is none" };
    private readonly Option<string> _fullEvery = new("--full-every") { Description = "With increments: a full backup when the last one is older (default 7d)", HelpName = "duration" };

    public IEnumerable<Option> All => [_incremental, _differential, _fullEvery];

    /// <param name="format">What --format says; null without it.</param>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Usage"/>: the options do not go together, or the engine has no increments.</exception>
    public BackupRequest Apply(BackupRequest request, ParseResult parse, string? format)
    {
        BackupKind kind = (parse.GetValue(_incremental), parse.GetValue(_differential)) switch
        {
            (true, true) => throw new AiShellException(ErrorKind.Usage, "--incremental and --differential exclude each other.", "Incremental follows the backup before, differential the last full one."),
            (true, false) => BackupKind.Incremental,
            (false, true) => BackupKind.Differential,
            _ => BackupKind.Full,
        };
        if (kind == BackupKind.Full)
        {
            return parse.GetValue(_fullEvery) is null ? request : throw new AiShellException(
                ErrorKind.Usage, "--full-every says when increments begin anew, and this is none.", "Add --incremental or --differential, or leave it out.");
        }

        string option = kind == BackupKind.Incremental ? "--incremental" : "--differential";
        IChangeLog log = request.Engine.Log ?? throw new AiShellException(
            ErrorKind.Usage, $"This version of ai-shell has no {option} backups of {request.Engine.Name}.", "Leave it out: a full backup is complete by itself.");
        if (format is not null && request.Format != log.BaseFormat)
        {
            throw new AiShellException(
                ErrorKind.Usage,
                $"{option} backups of {request.Engine.Name} have the format {BackupDescription.Lower(log.BaseFormat)}, not {format}.",
                "Leave --format out.");
        }

        if (!request.Tables.TakesAll || request.Scope != BackupScope.All)
        {
            throw new AiShellException(ErrorKind.Usage, $"{option} is of the whole database.", "Leave out --tables, --exclude-tables, --schema-only and --data-only, or make a full backup.");
        }

        return request with
        {
            Kind = kind,
            Format = log.BaseFormat,
            FullEvery = CommonOptions.DurationOf(parse.GetValue(_fullEvery), "--full-every") ?? request.FullEvery,
        };
    }
}
