using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using AiShell.Engines.MySql.Connecting;
using AiShell.Engines.MySql.Wire;

namespace AiShell.Tests.Engines.MySql;

/// <summary>
/// Says to statements what MySQL 8.4 says to them by its manual, by its protocol: caching_sha2_password, query attributes, rows that end with
/// an OK packet. What it has no answer to is an error of syntax.
/// </summary>
internal sealed class RecordedServer : IAsyncDisposable
{
    private const string Password = "s3cret";

    // LONG_PASSWORD, LONG_FLAG, CONNECT_WITH_DB, LOCAL_FILES, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_STATEMENTS, MULTI_RESULTS, PS_MULTI_RESULTS,
    // PLUGIN_AUTH, CONNECT_ATTRS, PLUGIN_AUTH_LENENC, DEPRECATE_EOF, QUERY_ATTRIBUTES
    private const uint Capabilities = 0x1 | 0x4 | 0x8 | 0x80 | 0x200 | 0x2000 | 0x8000 | 0x10000 | 0x20000 | 0x40000 | 0x80000 | 0x100000 | 0x200000 | 0x1000000 | 0x8000000;

    private static readonly byte[] Nonce = "abcdefghijklmnopqrst"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Dictionary<string, string?[][]> _answers;
    private readonly Dictionary<string, (int Number, string State, string Message)> _errors = [];
    private readonly List<string> _statements = [];
    private readonly bool _asksForPassword;
    private readonly Task _serving;

    /// <param name="asksForPassword">Does not know the password's hash any more, as after a restart, and wants the password itself.</param>
    public RecordedServer(Dictionary<string, string?[][]> answers, bool asksForPassword = false)
    {
        _answers = new(answers)
        {
            ["SELECT VERSION(), CONNECTION_ID(), CONCAT_WS(' ', @@hostname, @@port, @@server_id)"] = [["8.4.3", "8", "db1 3306 1"]],
            ["SHOW PROCESSLIST"] = [["8", "ann", "localhost:50000", "shop", "Query", "0", "init", "SHOW PROCESSLIST"]],
        };
        _asksForPassword = asksForPassword;
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>In the order in which they came.</summary>
    public IReadOnlyList<string> Statements => _statements;

    /// <summary>What the client said to the demand for its password; null where it said nothing.</summary>
    public byte[]? SaidToDemand { get; private set; }

    public ConnectionSettings Settings => new("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port, null, "ann", Password, "shop", TlsMode.Preferred, null, null, null, TimeSpan.FromSeconds(10));

    public void Refuse(string statement, int number, string state, string message) => _errors[statement] = (number, state, message);

    public Task<MySqlSession> OpenAsync() => Server.OpenAsync(Settings, default);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        using TcpClient client = await _listener.AcceptTcpClientAsync();
        NetworkStream stream = client.GetStream();
        await SendAsync(stream, 0, Greeting());
        (byte sequence, byte[] login) = await ReceiveAsync(stream);
        bool hasAttributes = (BinaryPrimitives.ReadUInt32LittleEndian(login) & 0x8000000) != 0;
        await SendAsync(stream, sequence + 1, [0xFE, .. "caching_sha2_password\0"u8, .. Nonce, 0]);
        (sequence, byte[] proof) = await ReceiveAsync(stream);
        if (!proof.SequenceEqual(Scramble()))
        {
            await SendAsync(stream, sequence + 1, Error(1045, "28000", "Access denied for user 'ann'@'localhost' (using password: YES)"));
            return;
        }

        if (_asksForPassword)
        {
            await SendAsync(stream, sequence + 1, [1, 4]);
            SaidToDemand = await ReceiveOrEndAsync(stream);
            return;
        }

        await SendAsync(stream, sequence + 1, [1, 3]);
        await SendAsync(stream, sequence + 2, Ok(0x00));
        while (await ReceiveOrEndAsync(stream) is { } command)
        {
            await AnswerAsync(stream, command, hasAttributes);
        }
    }

    private async Task AnswerAsync(NetworkStream stream, byte[] command, bool hasAttributes)
    {
        const byte Quit = 1;
        const byte Query = 3;
        if (command[0] == Quit)
        {
            return;
        }

        // A server of that version takes an attribute's count for the statement's beginning, and the other way round.
        bool isPrefixed = command is [Query, 0, 1, ..];
        string statement = command[0] == Query ? Encoding.UTF8.GetString(command.AsSpan(hasAttributes ? 3 : 1)) : "";
        _statements.Add(command[0] != Query || isPrefixed == hasAttributes ? statement : $"(not by the protocol) {statement}");
        if (_errors.TryGetValue(statement, out (int Number, string State, string Message) error))
        {
            await SendAsync(stream, 1, Error(error.Number, error.State, error.Message));
        }
        else if (_answers.TryGetValue(statement, out string?[][]? rows))
        {
            await SendRowsAsync(stream, rows);
        }
        else if (command[0] != Query || statement.StartsWith("SELECT", StringComparison.Ordinal) || statement.StartsWith("SHOW", StringComparison.Ordinal) || statement.StartsWith("EXPLAIN", StringComparison.Ordinal))
        {
            await SendAsync(stream, 1, command[0] == Query ? Error(1064, "42000", $"You have an error in your SQL syntax near '{statement}'") : Ok(0xFE));
        }
        else
        {
            await SendAsync(stream, 1, Ok(0x00));
        }
    }

    private static async Task SendRowsAsync(NetworkStream stream, string?[][] rows)
    {
        int sequence = 1;
        int columns = rows[0].Length;
        await SendAsync(stream, sequence++, [(byte)columns]);
        for (int column = 0; column < columns; column++)
        {
            await SendAsync(stream, sequence++, [.. Text("def"), 0, 0, 0, .. Text($"c{column}"), 0, 0x0C, 0xFF, 0, 0xFF, 0xFF, 0, 0, 0xFD, 0, 0, 0, 0, 0]);
        }

        foreach (string?[] row in rows)
        {
            await SendAsync(stream, sequence++, [.. row.SelectMany(value => value is null ? [0xFB] : Text(value))]);
        }

        await SendAsync(stream, sequence, Ok(0xFE));
    }

    private static byte[] Greeting() =>
    [
        10, .. "8.4.3\0"u8, 8, 0, 0, 0, .. Nonce[..8], 0, (byte)(Capabilities & 0xFF), (byte)((Capabilities >> 8) & 0xFF), 0xFF, 2, 0, (byte)((Capabilities >> 16) & 0xFF),
        (byte)(Capabilities >> 24), 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Nonce[8..], 0, .. "caching_sha2_password\0"u8,
    ];

    /// <summary>XOR of SHA256(password) and SHA256(SHA256(SHA256(password)), nonce): manual, "Caching SHA-2 Pluggable Authentication".</summary>
    private static byte[] Scramble()
    {
        byte[] once = SHA256.HashData(Encoding.UTF8.GetBytes(Password));
        byte[] key = SHA256.HashData([.. SHA256.HashData(once), .. Nonce]);
        return [.. once.Zip(key, (a, b) => (byte)(a ^ b))];
    }

    private static byte[] Ok(byte header) => [header, 0, 0, 2, 0, 0, 0];

    private static byte[] Error(int number, string state, string message) => [0xFF, (byte)number, (byte)(number >> 8), (byte)'#', .. Encoding.ASCII.GetBytes(state), .. Encoding.UTF8.GetBytes(message)];

    private static byte[] Text(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        return bytes.Length < 251 ? [(byte)bytes.Length, .. bytes] : [0xFC, (byte)bytes.Length, (byte)(bytes.Length >> 8), .. bytes];
    }

    private static async Task SendAsync(NetworkStream stream, int sequence, byte[] payload) =>
        await stream.WriteAsync((byte[])[(byte)payload.Length, (byte)(payload.Length >> 8), (byte)(payload.Length >> 16), (byte)sequence, .. payload]);

    private static async Task<(byte Sequence, byte[] Payload)> ReceiveAsync(NetworkStream stream)
    {
        byte[] header = new byte[4];
        await stream.ReadExactlyAsync(header);
        byte[] payload = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
        await stream.ReadExactlyAsync(payload);
        return (header[3], payload);
    }

    private static async Task<byte[]?> ReceiveOrEndAsync(NetworkStream stream)
    {
        try
        {
            return (await ReceiveAsync(stream)).Payload;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
