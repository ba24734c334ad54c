using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using AiShell.Engines.MySql.Connecting;
using MySqlConnector;

namespace AiShell.Engines.MySql.Wire;

/// <summary>
/// One session with a server, used by one thread at a time, by blocking calls. Statements go as COM_QUERY and are UTF-8; what comes back
/// is the raw bytes that the server sends (manual, "Text Protocol"). Disposing it closes the connection.
/// </summary>
internal sealed class MySqlSession : IDisposable
{
    private const byte ComQuery = 0x03;
    private const byte ComSetOption = 0x1B;
    private const byte Ok = 0x00;
    private const byte Error = 0xFF;
    private const byte EndOfRows = 0xFE;
    private const byte Null = 0xFB;
    private const int TooLargeForPacket = 1153;

    // No server's max_allowed_packet is smaller, so that what is as short need not be compared with it.
    private const int SmallestLargestPacket = 1024;

    private readonly MySqlConnection _connection;
    private readonly ConnectionSettings _settings;
    private readonly LoggedIn _login;
    private SessionEnd? _end;
    private long? _largestPacket;

    private MySqlSession(MySqlConnection connection, ConnectionSettings settings)
    {
        _connection = connection;
        _settings = settings;
        _login = MySqlConnectorLogin.Take(connection);
        Packets = new PacketStream(_login.Stream);
    }

    public ServerFeatures Features { get; private set; } = null!;

    /// <summary>The server's number of the session, which KILL takes.</summary>
    public string Id { get; private set; } = "";

    /// <summary>As the server says it: <c>10.11.14-MariaDB-0+deb12u2</c>.</summary>
    public string ServerVersionText { get; private set; } = "";

    /// <summary>The same for all sessions of one server, and another for another.</summary>
    public string ServerIdentity { get; private set; } = "";

    /// <summary>The server's max_allowed_packet; a command must be shorter.</summary>
    public long LargestPacket => _largestPacket ??= long.Parse(Scalar("SELECT @@max_allowed_packet")!, CultureInfo.InvariantCulture);

    /// <summary>What a command begins with whose rest is a statement.</summary>
    internal ReadOnlySpan<byte> QueryHead => _login.QueryAttributes ? [ComQuery, 0, 1] : [ComQuery]; // no parameters, one set of them

    internal PacketStream Packets { get; }

    internal LoggedIn Login => _login;

    /// <exception cref="MySqlException">The server cannot be reached or refuses the login.</exception>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Unreachable"/>: the server's certificate is not good enough.</exception>
    public static MySqlSession Open(ConnectionSettings settings)
    {
        // Opened by a blocking call: an awaited socket is non-blocking for good.
        ServerCertificateCheck certificate = new(settings);
        MySqlConnection connection = new(SessionString.Of(settings)) { RemoteCertificateValidationCallback = certificate.Accepts };
        try
        {
            connection.Open();
            MySqlSession session = new(connection, settings);
            session.Execute("SET NAMES utf8mb4");
            session.AskWho();
            return session;
        }
        catch (MySqlException failure) when (certificate.Objection is { } why)
        {
            connection.Dispose();
            throw new AiShellException(
                ErrorKind.Unreachable, $"The certificate of the server {settings.Server} is refused: {why}.", "Check ssl-ca and the host's name, or ask the server's administrator.", failure);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs one statement; rows that it returns are read away.</summary>
    /// <returns>How many rows it changed.</returns>
    /// <exception cref="ServerError">The server refused it.</exception>
    /// <exception cref="ConnectionBroken">The connection ended.</exception>
    public long Execute(string sql)
    {
        long affected = 0;
        Run(Encoding.UTF8.GetBytes(sql), _ => { }, changed => affected = changed);
        return affected;
    }

    /// <summary>As <see cref="Execute"/>, in the character set that the session has.</summary>
    public void ExecuteRaw(ReadOnlySpan<byte> statement) => Run(statement, _ => { }, _ => { });

    /// <summary>After a statement that puts rows into a table.</summary>
    /// <exception cref="ServerError">The server refused it.</exception>
    public LoadOutcome ReadOutcome()
    {
        BeginAnswer();
        return LoadOutcome.Read(new PayloadReader(Packets.ReadRest()));
    }

    /// <summary>All rows, each value as the server's UTF-8 text or null. For answers that are small.</summary>
    public List<string?[]> Query(string sql) =>
        [.. QueryBytes(sql).Select(row => Array.ConvertAll(row, value => value is null ? null : Encoding.UTF8.GetString(value)))];

    /// <summary>As above with the raw bytes.</summary>
    public List<byte[]?[]> QueryBytes(string sql)
    {
        List<byte[]?[]> rows = [];
        Run(Encoding.UTF8.GetBytes(sql), rows.Add, _ => { });
        return rows;
    }

    /// <summary>The first value of the first row; null where there is none.</summary>
    public string? Scalar(string sql) => Query(sql) is [[var value, ..], ..] ? value : null;

    public void Dispose() => _connection.Dispose();

    /// <summary>
    /// Cancelling closes the connection at once, under whoever reads from it. What the server still does then is ended by <see cref="EndServerWorkAsync"/>.
    /// </summary>
    public CancellationTokenRegistration CloseOn(CancellationToken cancellationToken) => cancellationToken.Register(_login.Socket.Dispose);

    /// <summary>Ends what the server still does for this session, which is closed: it would notice only when it next sends something.</summary>
    public Task EndServerWorkAsync() => _end?.SendAsync() ?? Task.CompletedTask;

    /// <summary>A text with more than one statement is an error from now on: the answers to the others would be taken for those to later ones.</summary>
    public void TakeOneStatementAtATime()
    {
        Packets.StartCommand();
        Packets.Send([ComSetOption, 1, 0]); // MYSQL_OPTION_MULTI_STATEMENTS_OFF
        BeginAnswer();
        Packets.Skip();
    }

    /// <summary>Sends a statement, without reading its answer.</summary>
    /// <exception cref="ServerError">It is longer than the server takes, which the server would say by ending the session.</exception>
    internal void SendQuery(ReadOnlySpan<byte> statement)
    {
        int length = QueryHead.Length + statement.Length;
        if (length >= SmallestLargestPacket && length >= LargestPacket)
        {
            throw new ServerError(TooLargeForPacket, "08S01", FormattableString.Invariant($"the statement has {statement.Length:N0} bytes, max_allowed_packet is {LargestPacket:N0}"));
        }

        byte[] payload = new byte[length];
        QueryHead.CopyTo(payload);
        statement.CopyTo(payload.AsSpan(QueryHead.Length));
        Packets.StartCommand();
        Packets.Send(payload);
    }

    /// <summary>Begins the next payload; an error packet is thrown.</summary>
    /// <returns>Its first byte, not used up; -1 for an empty one.</returns>
    internal int BeginAnswer()
    {
        Packets.Begin();
        int first = Packets.Window.IsEmpty ? -1 : Packets.Window[0];
        return first == Error ? throw ReadError() : first;
    }

    /// <summary>After the first packet of a result: how many columns it has. Definitions, where they follow, are read away.</summary>
    internal int ReadColumnCount()
    {
        PayloadReader header = new(Packets.ReadRest());
        int columns = (int)header.ReadLength();
        bool defined = !_login.CachedMetadata || header.ReadByte() != 0;
        for (int column = 0; defined && column < columns; column++)
        {
            BeginAnswer();
            Packets.Skip();
        }

        if (!_login.DeprecateEof)
        {
            BeginAnswer();
            Packets.Skip();
        }

        return columns;
    }

    /// <summary>Whether the payload that began is no row but their end.</summary>
    internal bool IsEndOfRows(int first) => first == EndOfRows && Packets.IsWhole && Packets.LeftInPacket < (_login.DeprecateEof ? 0xFFFFFF : 9);

    /// <summary>Asked in SQL, since the greeting may be a proxy's, and MariaDB's begins with 5.5.5 for old replicas.</summary>
    private void AskWho()
    {
        string?[] who = Query("SELECT VERSION(), CONNECTION_ID(), CONCAT_WS(' ', @@hostname, @@port, @@server_id)")[0];
        ServerVersionText = who[0]!;
        Features = ServerFeatures.Of(ServerVersionText);
        ServerIdentity = who[2]!;
        Id = who[1]!;
        _end = OtherSession.ReadAll(this).FirstOrDefault(one => one.Id == Id) is { } own ? new SessionEnd(_settings, Id, own.Client) : null;
    }

    private void Run(ReadOnlySpan<byte> statement, Action<byte[]?[]> row, Action<long> changed)
    {
        SendQuery(statement);
        int first = BeginAnswer();
        if (first == Ok)
        {
            PayloadReader ok = new(Packets.ReadRest());
            ok.ReadByte();
            changed((long)ok.ReadLength());
            return;
        }

        int columns = ReadColumnCount();
        while (!IsEndOfRows(BeginAnswer()))
        {
            row(ReadRow(columns));
        }

        Packets.Skip();
    }

    /// <summary>The values of the row that began, raw.</summary>
    internal byte[]?[] ReadRow(int columns)
    {
        PayloadReader payload = new(Packets.ReadRest());
        byte[]?[] row = new byte[]?[columns];
        for (int column = 0; column < columns; column++)
        {
            row[column] = payload.Peek() == Null ? payload.Drop() : payload.ReadBytes((int)payload.ReadLength());
        }

        return row;
    }

    private ServerError ReadError()
    {
        byte[] payload = Packets.ReadRest();
        int number = BinaryPrimitives.ReadUInt16LittleEndian(payload.AsSpan(1));
        bool hasState = payload.Length > 8 && payload[3] == '#';
        return new ServerError(number, hasState ? Encoding.ASCII.GetString(payload, 4, 5) : "HY000", Encoding.UTF8.GetString(payload.AsSpan(hasState ? 9 : 3)));
    }
}
