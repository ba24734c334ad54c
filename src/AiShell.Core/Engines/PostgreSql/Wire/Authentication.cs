using System.Security.Cryptography;
using System.Text;

namespace AiShell.Engines.PostgreSql.Wire;

/// <summary>Answers the server's requests for a password (manual, "Start-up", "SASL Authentication").</summary>
internal sealed class Authentication(string user, string? password, byte[]? certificateHash)
{
    private const int Ok = 0;
    private const int ClearText = 3;
    private const int Md5 = 5;
    private const int Sasl = 10;
    private const int SaslContinue = 11;
    private const int SaslFinal = 12;

    private ScramClient? _scram;

    /// <summary>True when the server is content; until then the answer is in <paramref name="answer"/>.</summary>
    /// <exception cref="AiShellException"><see cref="ErrorKind.Unreachable"/>: no password, or a method that is not known here.</exception>
    public bool Take(ReadOnlySpan<byte> request, WireBuffer answer)
    {
        WirePayload payload = new(request);
        int method = payload.Int32();
        switch (method)
        {
            case Ok when _scram is { IsProved: false }:
                throw new InvalidDataException("The server ends the login without having proved that it knows the password.");
            case Ok:
                return true;
            case ClearText:
                answer.Begin('p').Text(Password).End();
                return false;
            case Md5:
                answer.Begin('p').Text(Md5Of(payload.Bytes(4))).End();
                return false;
            case Sasl:
                Begin(Mechanisms(payload), answer);
                return false;
            case SaslContinue when _scram is not null:
                answer.Begin('p').Bytes(Encoding.UTF8.GetBytes(_scram.Answer(Encoding.UTF8.GetString(payload.Rest())))).End();
                return false;
            case SaslFinal when _scram is not null:
                _scram.Verify(Encoding.UTF8.GetString(payload.Rest()));
                return false;
            default:
                throw new AiShellException(
                    ErrorKind.Unreachable,
                    $"The server wants '{user}' to log in by a method (number {method}) that ai-shell does not have.",
                    "It knows passwords (scram-sha-256, md5, password), client certificates and trust; see the server's pg_hba.conf.");
        }
    }

    private string Password => password ?? throw new AiShellException(
        ErrorKind.Unreachable,
        $"The server asks for the password of '{user}', and none was given.",
        "Put it into ~/.pgpass, PGPASSWORD or the connection's URL (as ${NAME} from the environment).");

    private void Begin(List<string> mechanisms, WireBuffer answer)
    {
        bool bind = certificateHash is not null && mechanisms.Contains(ScramClient.WithChannel);
        if (!bind && !mechanisms.Contains(ScramClient.Plain))
        {
            throw new AiShellException(ErrorKind.Unreachable, $"The server offers only logins that ai-shell does not have: {string.Join(", ", mechanisms)}.");
        }

        _scram = new ScramClient(Password, bind ? certificateHash : null, couldBind: certificateHash is not null);
        byte[] first = Encoding.UTF8.GetBytes(_scram.First);
        answer.Begin('p').Text(bind ? ScramClient.WithChannel : ScramClient.Plain).Int32(first.Length).Bytes(first).End();
    }

    private static List<string> Mechanisms(WirePayload payload)
    {
        List<string> names = [];
        while (payload.Text() is { Length: > 0 } name)
        {
            names.Add(name);
        }

        return names;
    }

    /// <summary>What the server stores since version 7.2 and still accepts: not safe against an eavesdropper, but its choice.</summary>
    private string Md5Of(ReadOnlySpan<byte> salt)
    {
#pragma warning disable CA5351 // the protocol's own, old method
        string inner = Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(Password + user)));
        return "md5" + Convert.ToHexStringLower(MD5.HashData([.. Encoding.ASCII.GetBytes(inner), .. salt]));
#pragma warning restore CA5351
    }
}
