using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using MySqlConnector;

namespace AiShell.Engines.MySql.Wire;

/// <summary>
/// MySqlConnector logs in (TLS, authentication plugins); after that its stream is read and written by <see cref="PacketStream"/> alone.
/// The members below are private ones of the pinned version; a test asks for each of them.
/// </summary>
internal static class MySqlConnectorLogin
{
    private const string Session = "MySqlConnector.Core.ServerSession, MySqlConnector";

    public static LoggedIn Take(MySqlConnection connection)
    {
        object session = SessionOf(connection);
        NetworkStream network = StreamOf(session) as NetworkStream ?? throw new InvalidOperationException("The connection has no stream.");
        return new LoggedIn(
            TlsStreamOf(session) ?? (Stream)network,
            network.Socket,
            SupportsDeprecateEof(session),
            SupportsCachedPreparedMetadata(session),
            SupportsQueryAttributes(session));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Session")]
    [return: UnsafeAccessorType(Session)]
    private static extern object SessionOf(MySqlConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_stream")]
    private static extern ref Stream? StreamOf([UnsafeAccessorType(Session)] object session);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_sslStream")]
    private static extern ref SslStream? TlsStreamOf([UnsafeAccessorType(Session)] object session);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SupportsDeprecateEof")]
    private static extern bool SupportsDeprecateEof([UnsafeAccessorType(Session)] object session);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SupportsCachedPreparedMetadata")]
    private static extern bool SupportsCachedPreparedMetadata([UnsafeAccessorType(Session)] object session);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_SupportsQueryAttributes")]
    private static extern bool SupportsQueryAttributes([UnsafeAccessorType(Session)] object session);
}

/// <param name="DeprecateEof">Rows end with an OK packet instead of an EOF packet.</param>
/// <param name="CachedMetadata">A byte after the column count tells whether column definitions follow (MariaDB).</param>
/// <param name="QueryAttributes">COM_QUERY begins with an empty list of parameters (MySQL 8.0.23).</param>
internal sealed record LoggedIn(Stream Stream, Socket Socket, bool DeprecateEof, bool CachedMetadata, bool QueryAttributes);
