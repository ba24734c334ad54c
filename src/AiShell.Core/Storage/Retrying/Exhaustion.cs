namespace AiShell.Storage.Retrying;

/// <summary>What is said when the last attempt failed too.</summary>
internal static class Exhaustion
{
    public static AiShellException Of(IObjectStore store, TransientStoreException last) => new(
        ErrorKind.Unreachable,
        $"'{store.Display}' cannot be reached: {last.Message}",
        "Check that it is there and that the network works, then run the command again.",
        last);
}
