using AiShell.Cli;
using AiShell.Cli.Commands.Backups;
using AiShell.Cli.Output;
using AiShell.Cli.Output.Json;
using AiShell.Cli.Output.Text;
using Microsoft.Extensions.Time.Testing;

namespace AiShell.Tests.CommandLines;

public sealed class OutputTests : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
    }

    [Fact]
    public void A_table_for_a_program_is_columns_and_nothing_else()
    {
        new TextPage(_out, isTerminal: false, color: false).Table(["ID", "Rows"], [false, true], [["backup-1", "7"], ["b", "12,345"]]);
        Assert.Equal("ID          Rows\nbackup-1       7\nb         12,345\n", _out.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_id_is_never_cut_or_wrapped(bool isTerminal)
    {
        string id = "backup-20261123143000-" + new string('x', 300);
        new TextPage(_out, isTerminal, color: isTerminal).Table(["ID", "Name"], [false, false], [[id, "[red]name[/]"]]);
        Assert.Contains(id, _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("[red]name[/]", _out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("\u001b[31mred", "\\x1b[31mred")]
    [InlineData("tab\tcr\r", "tab\\tcr\\r")]
    [InlineData("plain ж 😀", "plain ж 😀")]
    public void A_name_cannot_command_the_terminal(string name, string shown) => Assert.Equal(shown, TextPage.Visible(name));

    [Fact]
    public void Csv_follows_rfc_4180()
    {
        CsvText.Write(_out, ["a", "b"], [["plain", "with,comma"], ["with \"quote\"", "line\nbreak"]]);
        Assert.Equal("a,b\r\nplain,\"with,comma\"\r\n\"with \"\"quote\"\"\",\"line\nbreak\"\r\n", _out.ToString());
    }

    [Fact]
    public void A_failure_after_the_result_adds_no_second_document()
    {
        var output = new JsonOutput(Terminal(false), new OutputOptions(false, false, false, false));
        output.Show(new Answer<DisconnectedDocument>(new("a", "b"), Documents.Default.DisconnectedDocument, _ => { }));
        output.Fail("integrity", "bad", "hint", 4);
        Assert.DoesNotContain("integrity", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal("Error: bad\nHint: hint\n", _error.ToString());
    }

    [Fact]
    public void Progress_without_a_terminal_is_a_plain_line_every_few_seconds()
    {
        var clock = new FakeTimeProvider();
        using (ProgressDisplay progress = Progress(false, clock))
        {
            progress.Begin("Backing up", 1000 * 1024);
            progress.StartLane(0, "orders");
            progress.Advance(0, 500 * 1024);
            clock.Advance(TimeSpan.FromSeconds(4));
            Assert.Empty(_error.ToString());
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("Backing up: 50%, 500 KB of about 1000 KB, 100 KB/s, 5 s left\n", _error.ToString());
    }

    [Fact]
    public void Progress_shows_the_age_of_what_is_held_until_the_next_activity()
    {
        var clock = new FakeTimeProvider();
        using (ProgressDisplay progress = Progress(false, clock))
        {
            long opened = clock.GetTimestamp();
            clock.Advance(TimeSpan.FromMinutes(3));
            _error.GetStringBuilder().Clear();
            progress.Begin("Backing up", null);
            progress.Hold("snapshot", opened);
            clock.Advance(TimeSpan.FromSeconds(5));
            progress.Begin("Verifying", null);
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal("Backing up: 5 s so far, snapshot 3 min old\nVerifying: 5 s so far\n", _error.ToString());
    }

    [Fact]
    public void Progress_of_what_counts_no_bytes_shows_the_time()
    {
        var clock = new FakeTimeProvider();
        using (ProgressDisplay progress = Progress(false, clock))
        {
            progress.Begin("Checking the copy", null);
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal("Checking the copy: 5 s so far\n", _error.ToString());
    }

    [Fact]
    public void Progress_on_a_terminal_shows_lanes_and_leaves_nothing_behind()
    {
        var clock = new FakeTimeProvider();
        using (ProgressDisplay progress = Progress(true, clock))
        {
            progress.Begin("Backing up", 100);
            progress.StartLane(0, "orders\n");
            progress.StartLane(1, "items");
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Contains("1: orders\\n", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("2: items", _error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\u001b[3A\u001b[0J", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_never_claims_to_be_done()
    {
        var clock = new FakeTimeProvider();
        using ProgressDisplay progress = Progress(false, clock);
        progress.Begin("Backing up", 10);
        progress.Advance(0, 500);
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("99%", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-11-23T14:30:00Z", "2026-11-23T14:30:00.000Z")]
    [InlineData("2026-11-23T14:30:00.5+02:00", "2026-11-23T12:30:00.500Z")]
    [InlineData("2026-11-23 14:30:00+01:00", "2026-11-23T13:30:00.000Z")]
    [InlineData("12h", "2026-11-22T12:00:00.000Z")]
    [InlineData("7d", "2026-11-16T00:00:00.000Z")]
    public void Moments_are_read(string text, string utc) =>
        Assert.Equal(utc, UtcTimeConverter.Format(TimeText.Parse(text, "--after", new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 0, 0, 0, TimeSpan.Zero)))!.Value));

    [Fact]
    public void A_moment_without_offset_is_local() =>
        Assert.Equal(
            new DateTimeOffset(new DateTime(2026, 7, 1, 14, 30, 0, DateTimeKind.Local)),
            TimeText.Parse("2026-07-01 14:30", "--after", TimeProvider.System));

    [Theory]
    [InlineData("")]
    [InlineData("2026-13-01")]
    [InlineData("2026-02-30")]
    [InlineData("23.11.2026")]
    [InlineData("7")]
    [InlineData("d")]
    [InlineData("now; drop table")]
    public void What_is_no_moment_is_wrong_usage(string text) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<AiShellException>(() => TimeText.Parse(text, "--after", TimeProvider.System)).Kind);

    private Terminal Terminal(bool isTerminal) => new(TextReader.Null, _out, _error, false, false, isTerminal, 80);

    private ProgressDisplay Progress(bool isTerminal, TimeProvider clock) => new(
        Terminal(isTerminal), new TextOutput(Terminal(isTerminal), new OutputOptions(false, false, false, false)), clock);
}
