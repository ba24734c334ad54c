using System.Globalization;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>
/// One session over protocol 3.0 (manual, "Frontend/Backend Protocol"): queries whose values are texts, and COPY. Blocking,
/// because one worker reads, compresses and writes in turn; used by one thread at a time. Cancelling closes the connection; what the
/// server was doing for us is ended by a <see cref="CancelRequest"/>.
/// </summary>
internal sealed class WireSession : IDisposable
{
    private const int ProtocolVersion = 3 << 16;

    private readonly WireChannel _channel;
    private readonly WireReader _reader;
    private readonly WireBuffer _out = new();
    private readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal);
    private CancelRequest? _cancel;
    private byte[] _cancelKey = [];
    private bool _closed;

    private WireSession(WireChannel channel)
    {
        _channel = channel;
        _reader = new WireReader(channel.Stream);
    }

    /// <summary>The number of the server's process for this session, as in pg_stat_activity.</summary>
    public int ProcessId { get; private set; }

    /// <summary>150018 for 15.18.</summary>
    public int ServerVersion { get; private set; }

    /// <summary>What to say where the server does not permit what this session is for.</summary>
    public string? DeniedHint { get; set; }

    public string ServerVersionText => Parameter("server_version") ?? "";

    /// <summary>How a second connection to the same server is opened, by which <see cref="EndServerWorkAsync"/> goes.</summary>
    public void CancelsBy(Func<CancellationToken, Task<WireChannel>> connect) => _cancel = new CancelRequest(connect, ProcessId, _cancelKey);

    /// <summary>Asks the server to stop what it still does for this session, which is closed.</summary>
    public Task EndServerWorkAsync() => _cancel?.SendAsync() ?? Task.CompletedTask;

    /// <summary>What the server reported at the start (manual, "Asynchronous Operations"), null where it did not.</summary>
    public string? Parameter(string name) => _parameters.GetValueOrDefault(name);

    /// <exception cref="ServerError">The server does not let us in.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static WireSession Start(WireChannel channel, string user, string database, string? password, string? serverOptions)
    {
        WireSession session = new(channel);
        try
        {
            session.StartUp(user, database, password, serverOptions);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Closes the connection when the token is cancelled; reads and writes then fail with <see cref="OperationCanceledException"/>.</summary>
    public CancellationTokenRegistration CloseOn(CancellationToken cancellationToken) => cancellationToken.Register(() =>
    {
        _closed = true;
        _channel.Connection.Dispose();
    });

    /// <summary>Runs one or more statements, whose rows are ignored.</summary>
    /// <exception cref="ServerError">The first that failed; those before it stand, unless they were in the same transaction.</exception>
    public void Execute(string sql)
    {
        Send(_out.Begin('Q').Text(sql).End());
        ReadResult(null);
    }

    /// <summary>The rows of one statement, every value as text or null; parameters are $1, $2, ….</summary>
    public List<string?[]> Query(string sql, params ReadOnlySpan<string?> parameters)
    {
        WireResult result = new();
        Send(Parse(sql, parameters, mostRows: 0));
        ReadResult(result);
        return result.Rows;
    }

    /// <summary>As above with the columns, and at most so many rows, after which the statement is not run on if it <paramref name="stopsThere"/>.</summary>
    public WireResult QueryOnce(string sql, int mostRows, bool stopsThere)
    {
        WireResult result = new() { MostRows = mostRows };
        Send(Parse(sql, [], stopsThere && mostRows < int.MaxValue ? mostRows : 0));
        result.Tag = ReadResult(result);
        return result;
    }

    private WireBuffer Parse(string sql, ReadOnlySpan<string?> parameters, int mostRows)
    {
        _out.Begin('P').Text("").Text(sql).Int16(0).End();
        _out.Begin('B').Text("").Text("").Int16(0).Int16((short)parameters.Length);
        foreach (string? value in parameters)
        {
            if (value is null)
            {
                _out.Int32(-1);
                continue;
            }

            byte[] bytes = Encoding.UTF8.GetBytes(value);
            _out.Int32(bytes.Length).Bytes(bytes);
        }

        _out.Int16(0).End();
        _out.Begin('D').Byte((byte)'P').Text("").End();
        _out.Begin('E').Text("").Int32(mostRows).End();
        return _out.Begin('S').End();
    }

    /// <summary>The first value of the only row; null for NULL or no row.</summary>
    public string? Scalar(string sql, params ReadOnlySpan<string?> parameters) => Query(sql, parameters) is [var row, ..] ? row[0] : null;

    /// <summary>Begins COPY … TO STDOUT; read its rows to the end before anything else.</summary>
    public CopyOut BeginCopyOut(string sql)
    {
        Send(_out.Begin('Q').Text(sql).End());
        Expect('H');
        _reader.ReadInBulk(true);
        return new CopyOut(this, _reader);
    }

    /// <summary>Begins COPY … FROM STDIN; complete or fail it before anything else.</summary>
    public CopyIn BeginCopyIn(string sql)
    {
        Send(_out.Begin('Q').Text(sql).End());
        Expect('G');
        return new CopyIn(this);
    }

    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            try
            {
                _out.Clear();
                _channel.Stream.Write(_out.Begin('X').End().Written);
            }
            catch (Exception failure) when (IsBroken(failure) || failure is OperationCanceledException)
            {
                // It is gone already; all that was wanted is that it ends.
            }
        }

        _channel.Stream.Dispose();
        _channel.Connection.Dispose();
    }

    /// <summary>Sends raw bytes of a message that the caller has put together.</summary>
    internal void SendRaw(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _channel.Stream.Write(bytes);
        }
        catch (Exception failure) when (IsBroken(failure))
        {
            throw _closed ? Cancelled(failure) : LastWords(failure);
        }
    }

    /// <summary>The rest of a command's answer, up to ReadyForQuery; returns its tag: <c>COPY 42</c>.</summary>
    internal string ReadResult(WireResult? result, ServerError? error = null)
    {
        string tag = "";
        while (true)
        {
            ReadOnlySpan<byte> payload = ReceiveAfter(error, out char type);
            switch (type)
            {
                case 'D':
                    result?.ReadRow(payload);
                    break;
                case 'T':
                    result?.ReadColumns(payload);
                    break;
                case 'G':
                    RefuseRows(result);
                    break;
                case 'H' when result is not null:
                    result.IsCopy = true;
                    break;
                case 'C':
                    tag = Encoding.UTF8.GetString(payload[..^1]);
                    break;
                case 'E':
                    error ??= ServerError.Read(payload);
                    break;
                case 'Z':
                    return error is null ? tag : throw error;
                case '1' or '2' or 'n' or 's' or 'I' or 'H' or 'd' or 'c':
                    break;
                default:
                    throw WireReader.NotTheProtocol(type);
            }
        }
    }

    /// <summary>After a fatal error the server closes the connection: then that error is what there is to tell.</summary>
    private ReadOnlySpan<byte> ReceiveAfter(ServerError? error, out char type)
    {
        try
        {
            return Receive(out type);
        }
        catch (ConnectionBroken) when (error is not null)
        {
            throw error;
        }
    }

    private void RefuseRows(WireResult? result)
    {
        _out.Begin('f').Text("COPY FROM STDIN takes its rows from a file").End();
        if (result is not null)
        {
            // In the extended protocol the server has swallowed the Sync that was sent behind the statement (manual, "COPY Operations").
            result.IsCopy = true;
            _out.Begin('S').End();
        }

        Send(_out);
    }

    /// <summary>The next message that is not for the side: notices and changed parameters may come at any time.</summary>
    internal ReadOnlySpan<byte> Receive(out char type)
    {
        while (true)
        {
            Require(WireReader.HeaderBytes);
            (_, int bytes) = _reader.Peek();
            Require(WireReader.HeaderBytes + bytes);
            ReadOnlySpan<byte> payload = _reader.Read(out type);
            if (!TakeAside(type, payload))
            {
                return payload;
            }
        }
    }

    /// <summary>As <see cref="WireReader.Require"/>, with a cancelled session told from a broken one.</summary>
    internal void Require(int count)
    {
        try
        {
            _reader.Require(count);
        }
        catch (Exception failure) when (IsBroken(failure))
        {
            throw _closed ? Cancelled(failure) : new ConnectionBroken(failure.Message, failure);
        }
    }

    internal bool TakeAside(char type, ReadOnlySpan<byte> payload)
    {
        switch (type)
        {
            case 'S':
                WirePayload parameter = new(payload);
                _parameters[parameter.Text()] = parameter.Text();
                return true;
            case 'N' or 'A':
                return true;
            default:
                return false;
        }
    }

    private void StartUp(string user, string database, string? password, string? serverOptions)
    {
        _out.BeginUntyped().Int32(ProtocolVersion).Text("user").Text(user).Text("database").Text(database)
            .Text("application_name").Text("ai-shell").Text("client_encoding").Text("UTF8");
        if (serverOptions is not null)
        {
            _out.Text("options").Text(serverOptions);
        }

        Send(_out.Byte(0).End());
        Authentication authentication = new(user, password, _channel.CertificateHash);
        while (true)
        {
            ReadOnlySpan<byte> payload = Receive(out char type);
            switch (type)
            {
                case 'R' when !authentication.Take(payload, _out):
                    if (_out.Length > 0)
                    {
                        Send(_out);
                    }

                    break;
                case 'R':
                    break;
                case 'K':
                    WirePayload key = new(payload);
                    ProcessId = key.Int32();
                    _cancelKey = key.Rest().ToArray();
                    break;
                case 'E':
                    throw ServerError.Read(payload);
                case 'Z':
                    ServerVersion = VersionNumber(ServerVersionText);
                    _reader.Trust();
                    return;
                default:
                    throw WireReader.NotTheProtocol(type);
            }
        }
    }

    /// <summary><c>15.18 (Debian …)</c> is 150018; <c>18beta1</c> is 180000.</summary>
    private static int VersionNumber(string text)
    {
        string[] numbers = text.Split(' ')[0].Split('.');
        return (Leading(numbers[0]) * 10000) + (numbers.Length > 1 ? Leading(numbers[1]) : 0);

        static int Leading(string part)
        {
            int end = part.AsSpan().IndexOfAnyExceptInRange('0', '9');
            ReadOnlySpan<char> digits = end < 0 ? part : part.AsSpan(0, end);
            return digits.IsEmpty ? 0 : int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        }
    }

    private void Expect(char wanted)
    {
        ReadOnlySpan<byte> payload = Receive(out char type);
        if (type == 'E')
        {
            ReadResult(null, ServerError.Read(payload));
        }

        if (type != wanted)
        {
            throw WireReader.NotTheProtocol(type);
        }
    }

    private void Send(WireBuffer message)
    {
        try
        {
            SendRaw(message.Written);
        }
        finally
        {
            message.Clear();
        }
    }

    private static OperationCanceledException Cancelled(Exception failure) => new("The session was closed.", failure);

    /// <summary>A server that ends a session says why first; writing fails before that is read.</summary>
    private Exception LastWords(Exception failure)
    {
        try
        {
            while (true)
            {
                ReadOnlySpan<byte> payload = Receive(out char type);
                if (type == 'E')
                {
                    return ServerError.Read(payload);
                }
            }
        }
        catch (Exception end) when (end is ConnectionBroken or InvalidDataException)
        {
            return new ConnectionBroken(failure.Message, failure);
        }
    }

    private static bool IsBroken(Exception failure) => failure is IOException or ObjectDisposedException or System.Net.Sockets.SocketException;
}
