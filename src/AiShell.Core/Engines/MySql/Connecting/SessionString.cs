using MySqlConnector;
using MySqlConnector.Authentication;

namespace AiShell.Engines.MySql.Connecting;

/// <summary>The settings in MySqlConnector's terms: no pool and no compression, since the stream is used without it.</summary>
internal static class SessionString
{
    /// <summary>
    /// A file that is not there. A server of MySQL may want the password itself; in clear MySqlConnector would encrypt it with a key that it asks the server for, and anybody
    /// on the way could answer with one of theirs. It does not ask where it is given the key's file. Over TLS and sockets none is needed.
    /// </summary>
    public const string NoPublicKey = "/nowhere/no key is asked for in clear";

    static SessionString() => AuthenticationPlugins.Register(new Ed25519Login());

    public static string Of(ConnectionSettings settings) => new MySqlConnectionStringBuilder
    {
        Server = settings.Socket ?? settings.Host,
        Port = (uint)settings.Port,
        ConnectionProtocol = settings.Socket is null ? MySqlConnectionProtocol.Sockets : MySqlConnectionProtocol.UnixSocket,
        UserID = settings.User,
        Password = settings.Password ?? "",
        Database = settings.Database,
        SslMode = settings.Tls switch
        {
            TlsMode.Disabled => MySqlSslMode.Disabled,
            TlsMode.Preferred => MySqlSslMode.Preferred,
            _ => MySqlSslMode.Required, // who the server is, ServerCertificateCheck says
        },
        SslCert = settings.ClientCertificate ?? "",
        SslKey = settings.ClientKey ?? "",
        ServerRsaPublicKeyFile = NoPublicKey,
        ConnectionTimeout = (uint)settings.ConnectTimeout.TotalSeconds,
        Pooling = false,
        UseCompression = false,
        UseAffectedRows = true, // not those that were found and stayed as they are
        AllowLoadLocalInfile = true,
        CharacterSet = "utf8mb4",
    }.ConnectionString;
}
