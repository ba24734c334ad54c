using System.Runtime.CompilerServices;
using AiShell.Cli;

// Answered before anything else is loaded: scripts ask for it often.
return args is ["--version"] ? PrintVersion() : await RunAsync(args);

static int PrintVersion()
{
    Console.Out.WriteLine(typeof(Program).Assembly.GetName().Version!.ToString(3));
    return 0;
}

[MethodImpl(MethodImplOptions.NoInlining)]
static async Task<int> RunAsync(string[] args)
{
    using var signals = new StopSignals();
    return await new CommandLine(Terminal.OfProcess(), new AiShell.Configuration.ProcessEnvironment(), TimeProvider.System).RunAsync(args, signals);
}
