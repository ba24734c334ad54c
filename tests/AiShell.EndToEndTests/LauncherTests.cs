using AiShell.Testing.Docs;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.EndToEndTests;

/// <summary>The launcher, with a `dotnet` that only says that it was called: real builds are what <c>./test</c> begins with.</summary>
public sealed class LauncherTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-shell-launcher-").FullName;

    public LauncherTests()
    {
        string root = Document.Root();
        Directory.CreateDirectory(PathOf("clone/src/AiShell.Cli"));
        Directory.CreateDirectory(PathOf("tools"));
        File.Copy(Path.Combine(root, "ai-shell"), PathOf("clone/ai-shell"));
        File.Copy(Path.Combine(root, "src/AiShell.Cli/build.sh"), PathOf("clone/src/AiShell.Cli/build.sh"));
        foreach (string file in new[] { "Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", "global.json", ".editorconfig", "src/AiShell.Cli/Program.cs" })
        {
            File.WriteAllText(PathOf($"clone/{file}"), "");
        }

        // Publishes a program that prints its arguments.
        Script(
            PathOf("tools/dotnet"),
            """
            echo "$*" >> "$(dirname "$0")/builds"
            case $* in *PublishAot=true*) [ ! -e "$(dirname "$0")/unlinkable" ] || { echo "cannot find crt1.o"; exit 1; } ;; esac
            [ -e "$(dirname "$0")/broken" ] && { echo "error CS1002: ; expected"; exit 1; }
            while [ "$1" != -o ]; do shift; done
            mkdir -p "$2"
            printf '#!/bin/sh\necho "ran in $PWD: $*"\nexit 4\n' > "$2/ai-shell"
            chmod +x "$2/ai-shell"
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_builds_once_and_again_when_a_source_is_newer()
    {
        BufferedCommandResult first = await RunAsync(PathOf("clone/ai-shell"), "--version");
        Assert.Equal((4, $"ran in {_folder}: --version\n"), (first.ExitCode, first.StandardOutput));
        Assert.Contains("Building ai-shell", first.StandardError, StringComparison.Ordinal);

        BufferedCommandResult second = await RunAsync(PathOf("clone/ai-shell"), "backup", "list", "a b", "*");
        Assert.Equal(($"ran in {_folder}: backup list a b *\n", "", 1), (second.StandardOutput, second.StandardError, Builds));

        foreach (string touched in new[] { "src/AiShell.Cli/Program.cs", "Directory.Build.props", "global.json" })
        {
            int before = Builds;
            Touch(PathOf($"clone/{touched}"));
            await RunAsync(PathOf("clone/ai-shell"));
            Assert.True(Builds == before + 1, $"{touched} made no build due");
        }
    }

    [Fact]
    public async Task A_source_that_was_added_or_removed_makes_a_build_due_and_its_own_output_does_not()
    {
        string source = PathOf("clone/src/AiShell.Cli/New.cs");
        await File.WriteAllTextAsync(source, "");
        await RunAsync(PathOf("clone/ai-shell"));
        File.Delete(source);
        Touch(PathOf("clone/src/AiShell.Cli"));
        await RunAsync(PathOf("clone/ai-shell"));
        Assert.Equal(2, Builds);

        Directory.CreateDirectory(PathOf("clone/src/AiShell.Cli/obj"));
        Touch(PathOf("clone/src/AiShell.Cli/obj"));
        File.SetLastWriteTimeUtc(PathOf("clone/src/AiShell.Cli"), File.GetLastWriteTimeUtc(PathOf("clone/.build/stamp")).AddMinutes(-1));
        await RunAsync(PathOf("clone/ai-shell"));
        Assert.Equal(2, Builds);
    }

    [Fact]
    public async Task It_works_through_symbolic_links_and_from_another_directory()
    {
        Directory.CreateDirectory(PathOf("bin"));
        File.CreateSymbolicLink(PathOf("bin/absolute"), PathOf("clone/ai-shell"));
        File.CreateSymbolicLink(PathOf("bin/relative"), "../clone/ai-shell");
        File.CreateSymbolicLink(PathOf("bin/twice"), "relative");
        foreach (string link in new[] { PathOf("bin/absolute"), PathOf("bin/relative"), "bin/twice", "./clone/ai-shell" })
        {
            BufferedCommandResult result = await RunAsync(link, "x");
            Assert.True(result.StandardOutput == $"ran in {_folder}: x\n", $"{link}: {result.StandardError}");
        }

        Assert.Equal(1, Builds);
    }

    [Fact]
    public async Task Without_dotnet_it_says_what_to_install()
    {
        File.Delete(PathOf("tools/dotnet"));
        BufferedCommandResult result = await RunAsync(PathOf("clone/ai-shell"));
        Assert.Equal((1, ""), (result.ExitCode, result.StandardOutput));
        Assert.Contains("Error: ai-shell cannot be built: there is no dotnet command.", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: Install the .NET 10 SDK", result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_fails_says_why_keeps_nothing_and_is_tried_again()
    {
        await File.WriteAllTextAsync(PathOf("tools/broken"), "");
        BufferedCommandResult result = await RunAsync(PathOf("clone/ai-shell"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("CS1002", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("Hint: ", result.StandardError, StringComparison.Ordinal);

        File.Delete(PathOf("tools/broken"));
        Assert.Equal(4, (await RunAsync(PathOf("clone/ai-shell"))).ExitCode);
    }

    [Fact]
    public void What_the_end_to_end_tests_drive_is_machine_code() =>
        Assert.False(File.Exists(Path.Combine(Path.GetDirectoryName(Shell.Binary)!, "ai-shell.dll")), $"{Shell.Binary} is a program for the .NET runtime.");

    [Theory]
    [InlineData("gcc", "PublishAot=true -p:CppCompilerAndLinker=gcc")]
    [InlineData("clang", "PublishAot=true -p:CppCompilerAndLinker=clang")]
    [InlineData(null, "PublishReadyToRun=true")]
    public async Task It_makes_machine_code_where_there_is_a_linker_and_a_program_for_the_runtime_elsewhere(string? compiler, string expected)
    {
        if (compiler is not null)
        {
            Script(PathOf($"tools/{compiler}"), "");
        }

        Assert.Equal(4, (await RunAsync(PathOf("clone/ai-shell"))).ExitCode);
        Assert.Contains(expected, Assert.Single(File.ReadAllLines(PathOf("tools/builds"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_the_linker_fails_there_is_a_program_for_the_runtime()
    {
        Script(PathOf("tools/gcc"), "");
        await File.WriteAllTextAsync(PathOf("tools/unlinkable"), "");
        BufferedCommandResult result = await RunAsync(PathOf("clone/ai-shell"), "x");
        Assert.Equal((4, $"ran in {_folder}: x\n", 2), (result.ExitCode, result.StandardOutput, Builds));
        Assert.Contains("the C library's headers", result.StandardError, StringComparison.Ordinal);
        Assert.Contains("crt1.o", await File.ReadAllTextAsync(PathOf("clone/.build/log.native")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_at_once_build_once_and_a_dead_builder_blocks_nobody()
    {
        Directory.CreateDirectory(PathOf("clone/.build/lock"));
        // No process has this id: it is above the kernel's largest.
        await File.WriteAllTextAsync(PathOf("clone/.build/lock/pid"), "4194999\n");
        BufferedCommandResult[] results = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => RunAsync(PathOf("clone/ai-shell"))));
        Assert.All(results, result => Assert.Equal(4, result.ExitCode));
        Assert.Equal(1, Builds);
        Assert.False(Directory.Exists(PathOf("clone/.build/lock")));
    }

    [Fact]
    public async Task A_launcher_without_sources_says_so()
    {
        Directory.CreateDirectory(PathOf("alone"));
        File.Copy(PathOf("clone/ai-shell"), PathOf("alone/ai-shell"));
        BufferedCommandResult result = await RunAsync(PathOf("alone/ai-shell"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("Hint: Run the launcher from a complete clone.", result.StandardError, StringComparison.Ordinal);
    }

    private int Builds => File.Exists(PathOf("tools/builds")) ? File.ReadAllLines(PathOf("tools/builds")).Length : 0;

    private string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>A second newer than the last build, however coarse the clock of the file system is.</summary>
    private void Touch(string path) => Directory.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(PathOf("clone/.build/stamp")).AddSeconds(1));

    private static void Script(string path, string text)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private Task<BufferedCommandResult> RunAsync(string program, params string[] arguments) => Cli.Wrap("sh")
        .WithArguments(["-c", "cd \"$0\" && exec \"$@\"", _folder, program, .. arguments])
        .WithEnvironmentVariables(variables => variables.Set("PATH", $"{PathOf("tools")}:{BareTools()}").Set("DOTNET_ROOT", null))
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync();

    /// <summary>What a machine has without dotnet.</summary>
    private string BareTools()
    {
        string bare = Directory.CreateDirectory(PathOf("bare")).FullName;
        foreach (string tool in new[] { "sh", "find", "readlink", "mkdir", "cat", "mv", "rm", "sleep", "date", "dirname", "ln", "touch", "ls", "tail", "chmod", "rmdir" })
        {
            string link = Path.Combine(bare, tool);
            string real = new[] { "/usr/bin", "/bin" }.Select(folder => Path.Combine(folder, tool)).First(File.Exists);
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, real);
            }
        }

        return bare;
    }
}
