using System.Globalization;
using AiShell.Configuration;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Log;
using AiShell.Engines.MySql.Snapshot;
using AiShell.Engines.MySql.Wire;
using AiShell.Testing.Engines.MySql;
using CliWrap;
using CliWrap.Buffered;

namespace AiShell.IntegrationTests.MySql.Log;

/// <summary>What the tests of the binary log ask of a server and of the stock program that reads it.</summary>
internal static class LogServer
{
    /// <param name="tls">MySQL's usual login takes it.</param>
    public static MySqlSession OpenSession(this MySqlFamilyServer server, string tls = "preferred") =>
        MySqlSession.Open(SettingsReader.Read(server.AddressOf("") with { Options = new Dictionary<string, string> { ["ssl-mode"] = tls } }, new ProcessEnvironment()));

    public static async Task<BinaryLogPosition> EndAsync(this MySqlFamilyServer server)
    {
        string[] status = (await server.RunAsync("", server is MySqlServer ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS")).Split('\t');
        BinaryLogPosition end = new(status[0], status[1], "");
        if (server is not MySqlServer)
        {
            return end;
        }

        using MySqlSession session = server.OpenSession();
        return LogFileBirth.Read(session, end).Mark(end);
    }

    /// <summary>A new file, in which nothing has happened.</summary>
    public static async Task<BinaryLogPosition> RotateAsync(this MySqlFamilyServer server)
    {
        await server.RunAsync("", "FLUSH LOGS");
        return await server.EndAsync();
    }

    public static BinaryLogPosition Beginning(string file) => new(file, "4", "");

    public static BinaryLogPosition At(string file, long offset) => new(file, offset.ToString(CultureInfo.InvariantCulture), "");

    public static Task<byte[]> FileAsync(this MySqlFamilyServer server, string name) => File.ReadAllBytesAsync(Path.Combine(server.DataFolder, name));

    /// <summary>The stream to the present end, as files by name.</summary>
    public static LogCopy Copy(this MySqlFamilyServer server, BinaryLogPosition from, string tls = "preferred")
    {
        using MySqlSession session = server.OpenSession(tls);
        BinaryLogStream stream = BinaryLogStream.Open(session, new StreamRequest(from, Follows: false));
        LogCopy copy = new();
        while (stream.Read(out StreamedEvent next))
        {
            copy.Take(next);
        }

        return copy;
    }

    /// <summary>What mariadb-binlog prints of a file.</summary>
    public static async Task<string> PrintAsync(string file, params string[] options)
    {
        BufferedCommandResult result = await Cli.Wrap("mariadb-binlog").WithArguments(["--no-defaults", "--base64-output=decode-rows", .. options, file]).ExecuteBufferedAsync();
        Assert.Empty(result.StandardError);
        return result.StandardOutput;
    }
}

/// <summary>A stream written down, and cut into transactions.</summary>
internal sealed class LogCopy
{
    private readonly List<(string Name, MemoryStream Bytes, BinaryLogFile File)> _files = [];
    private readonly TransactionCut _cut = new();

    public List<LoggedTransaction> Transactions { get; } = [];

    public IEnumerable<string> Names => _files.Select(file => file.Name);

    public void Take(StreamedEvent next)
    {
        if (next.Event.Type == EventType.FormatDescription)
        {
            MemoryStream bytes = new();
            _files.Add((next.File, bytes, new BinaryLogFile(bytes)));
        }

        if (_files is [.., var last])
        {
            last.File.Append(next);
        }

        if (_cut.Feed(next) is { } transaction)
        {
            Transactions.Add(transaction);
        }
    }

    public byte[] this[string name] => _files.Single(file => file.Name == name).Bytes.ToArray();

    public BinaryLogFile FileOf(string name) => _files.Single(file => file.Name == name).File;
}
