using System.Reflection;
using System.Runtime.CompilerServices;
using AiShell.Cli;

namespace AiShell.Tests.Architecture;

public sealed class ArchitectureTests
{
    private const int LongestFile = 400;
    private static readonly Assembly Core = typeof(AiShellException).Assembly;
    private static readonly Assembly Program = typeof(CommandLine).Assembly;

    private static IEnumerable<Type> Types => Core.GetTypes().Concat(Program.GetTypes())
        .Where(type => type.DeclaringType is null && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false));

    [Fact]
    public void Everything_points_in_the_directions_of_the_architecture() => Assert.Empty(Types.SelectMany(Directions.Violations));

    [Fact]
    public void Core_knows_nothing_of_those_who_use_it() =>
        Assert.DoesNotContain(Core.GetReferencedAssemblies(), name => name.Name!.StartsWith("AiShell", StringComparison.OrdinalIgnoreCase) || name.Name == Program.GetName().Name);

    [Fact]
    public void A_reference_against_the_direction_is_seen_wherever_it_hides()
    {
        Type[] trespassers =
        [
            .. typeof(ArchitectureTests).Assembly.GetTypes()
                .Where(type => type.Namespace?.EndsWith(".Trespasser", StringComparison.Ordinal) == true && type.DeclaringType is null),
        ];
        Assert.Equal(9, trespassers.Length);
        Assert.All(trespassers, type => Assert.NotEmpty(Directions.Violations(type)));
    }

    [Fact]
    public void References_are_found_in_bodies_that_only_name_a_type() =>
        Assert.Contains(typeof(AiShell.Storage.Local.LocalStore), TypeReferences.Of(typeof(AiShell.Storage.StoreRegistry)));

    [Fact]
    public void No_type_is_named_after_nothing() =>
        Assert.DoesNotContain(
            Types.Concat(typeof(AiShell.Testing.Storage.FaultyStore).Assembly.GetTypes()).Select(type => type.Name.Split('`')[0]),
            name => name.EndsWith("Manager", StringComparison.Ordinal)
                || name.EndsWith("Helper", StringComparison.Ordinal) || name.EndsWith("Helpers", StringComparison.Ordinal)
                || name.EndsWith("Utils", StringComparison.Ordinal) || name.EndsWith("Util", StringComparison.Ordinal));

    [Fact]
    public void No_source_file_is_longer_than_a_reader_bears()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "AiShell.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("The tests run outside the source tree.");
        }

        string[] files =
        [
            .. new[] { "src", "tests/AiShell.Testing" }
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories))
                .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin")),
        ];
        Assert.True(files.Length > 100);
        Assert.DoesNotContain(files, file => File.ReadLines(file).Count() > LongestFile);
    }
}
