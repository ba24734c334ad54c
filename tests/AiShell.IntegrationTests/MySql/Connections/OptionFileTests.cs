using System.Text;
using AiShell.Engines.MySql.Connecting;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.MySql.Connections;

/// <summary>Option files are read as my_print_defaults, which comes with the clients, reads them.</summary>
public sealed class OptionFileTests : IDisposable
{
    private static readonly string[] Odd =
    [
        "user=ann", "user = ann ", "user=\"ann\"", "user='an\\'n'", "user=\"a'n\"", "user='a # b' # c", "user=a#b", "user=a\\#b", "user=a\\sb\\tc\\\\d\\qe", "user=\"", "user='", "user=''", "user=a=b", "  user=x", "user=é密🙂",
        "user=\"ann\"x", "user='ann\"", "# user=no", "; user=no", "user", "user=a;b", "user=\"a\\\"#b\"", "user=\\\"a#b", "user=a\\", "user=\"a\\\\\"", "user= ", "us_er=x", "user=a'#'b", "user=\ta\t",
    ];

    private readonly Surroundings _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task Every_way_to_write_a_value_means_what_it_does_to_the_clients()
    {
        foreach (string line in Odd)
        {
            await CompareAsync($"[client]\n{line}\n");
        }
    }

    [Fact]
    public async Task Values_of_random_characters_mean_what_they_do_to_the_clients()
    {
        Random random = new(4711);
        string lines = string.Join('\n', Enumerable.Range(0, 300).Select(index => $"user{index}={new string(random.GetItems<char>("ab #'\"\\;= nsé", random.Next(10)))}"));
        await CompareAsync($"[client]\n{lines}\n");
    }

    [Fact]
    public async Task Groups_includes_and_repetitions_mean_what_they_do_to_the_clients()
    {
        Directory.CreateDirectory(Path.Combine(_user.UserFolder, "d"));
        _user.Write("d/z.cnf", "[client]\nuser=z\nport=1\n");
        _user.Write("d/a.cnf", "[client]\nuser=a\nhost=a\n");
        _user.Write("d/no.txt", "[client]\nuser=txt\n");
        _user.Write("one.cnf", "[client]\nsocket=one\n");
        await CompareAsync(
            $"[mysqld]\nuser=server\n[client]\nuser=first\npassword=p\n[ client-mariadb ]\nuser=spaced\n[client-mariadb]\npassword=q\n[other]\npassword=r\n!include {_user.UserFolder}/one.cnf\n!includedir {_user.UserFolder}/d\n[client]\nport=2\n");
    }

    private async Task CompareAsync(string content)
    {
        string file = _user.Write("my.cnf", content);
        BufferedCommandResult printed = await Cli.Wrap("my_print_defaults")
            .WithArguments([$"--defaults-file={file}", "client", "client-server", "client-mariadb", "mysql", "mariadb-client", "ai-shell"])
            .ExecuteBufferedAsync(Encoding.UTF8);
        Dictionary<string, string> expected = [];
        foreach (string[] option in printed.StandardOutput.Split("\n--").Select(option => option.TrimStart('-').TrimEnd('\n').Split('=', 2)).Where(option => option.Length == 2))
        {
            expected[option[0].Replace('_', '-')] = option[1];
        }

        IReadOnlyDictionary<string, string> read = OptionFile.ReadAll([file], _user);
        Assert.Equal(
            expected.OrderBy(option => option.Key).Select(option => $"{option.Key}={option.Value.TrimEnd('\n')}"), read.OrderBy(option => option.Key).Select(option => $"{option.Key}={option.Value.TrimEnd('\n')}"));
    }
}
