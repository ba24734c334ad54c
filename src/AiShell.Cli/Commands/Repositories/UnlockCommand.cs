using System.CommandLine;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Sessions;
using AiShell.Repository;

namespace AiShell.Cli.Commands.Repositories;

internal sealed class UnlockCommand : SessionCommand
{
    private readonly Argument<string?> _name = new("lock") { Description = "A lock's name as shown; without it, every lock", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _force = new("--force") { Description = "Do not ask" };

    public UnlockCommand()
        : base("unlock", "Take locks from their holders, which then fail before they commit anything")
    {
        Add(_name);
        Add(_force);
    }

    public override string? Operation => "repo unlock";

    public override IReadOnlyList<string> Examples => ["ai-shell repo unlock", "ai-shell repo unlock database-shop --force"];

    public override async Task<int> RunAsync(Session session, ParseResult parse, CancellationToken cancellationToken)
    {
        BackupRepository repository = await session.OpenRepositoryAsync(create: false, cancellationToken);
        IReadOnlyList<HeldLock> held = await repository.ListLocksAsync(cancellationToken);
        string? name = parse.GetValue(_name);
        HeldLock[] chosen = [.. held.Where(one => name is null || one.Name == name)];
        if (name is not null && chosen.Length == 0)
        {
            throw new AiShellException(
                ErrorKind.NotFound, $"There is no lock '{name}'.", held.Count == 0 ? "Nothing is locked." : $"Locked: {string.Join(", ", held.Select(one => one.Name))}.");
        }

        string list = string.Join(", ", chosen.Select(one => $"{one.Name} ('{one.Record.Operation}', process {one.Record.ProcessId} on {one.Record.Host})"));
        if (chosen.Length > 0 && !parse.GetValue(_force) && !session.Confirm($"This takes {list} from its holder.", "unlock"))
        {
            throw new AiShellException(ErrorKind.Refused, $"Not confirmed: {list} would be taken from its holder.", "Add --force to do so without being asked.");
        }

        foreach (HeldLock one in chosen)
        {
            await repository.BreakLockAsync(one.Name, cancellationToken);
        }

        session.Output.Show(new Answer<UnlockDocument>(
            new UnlockDocument([.. chosen.Select(one => one.Name)]),
            Documents.Default.UnlockDocument,
            page => page.Line(chosen.Length == 0 ? "Nothing is locked." : $"Unlocked {list}.")));
        return 0;
    }

    internal static LockDocument Describe(HeldLock held) => new(
        held.Name, held.Record.Operation, held.Record.Host, held.Record.ProcessId, held.Record.AcquiredAt, held.Record.ExpiresAt);
}
