using System.Text;
using AiShell.Engines.PostgreSql.Wire;
using static AiShell.Tests.Engines.PostgreSql.ServerStream;

namespace AiShell.Tests.Engines.PostgreSql;

public sealed class AuthenticationTests
{
    private const string Nonce = "rOprNGfwEbeRWgbNEkqO";
    private const string Challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    [Fact]
    public void The_example_of_RFC_7677()
    {
        // PostgreSQL's clients leave the user's name empty; the RFC's proof signs one.
        ScramClient client = new("pencil", null, couldBind: false, Nonce, user: "user");

        Assert.Equal($"n,,n=user,r={Nonce}", client.First);
        Assert.Equal("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", client.Answer(Challenge));
        client.Verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        Assert.True(client.IsProved);
    }

    [Theory]
    [InlineData("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=")]
    [InlineData("v=")]
    [InlineData("e=other-error")]
    [InlineData("")]
    public void A_server_that_does_not_know_the_password_is_not_trusted(string final)
    {
        ScramClient client = new("pencil", null, couldBind: false, Nonce, user: "user");
        client.Answer(Challenge);
        Assert.Throws<InvalidDataException>(() => client.Verify(final));
        Assert.False(client.IsProved);
    }

    [Theory]
    [InlineData("r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=!!!,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999")]
    [InlineData("s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("")]
    public void A_challenge_that_is_not_for_us_is_an_error(string challenge) =>
        Assert.Throws<InvalidDataException>(() => new ScramClient("pencil", null, couldBind: false, Nonce).Answer(challenge));

    [Fact]
    public void A_server_that_skips_its_proof_is_not_trusted()
    {
        InvalidDataException failure = Assert.Throws<InvalidDataException>(() => Start(
            "pencil", [.. Message('R', Int32(10), Text("SCRAM-SHA-256"), [0]), .. Message('R', Int32(0)), .. Ready]));
        Assert.Contains("proved", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Md5_is_answered_as_the_server_expects()
    {
        (_, ServerStream server) = Start("secret", [.. Message('R', Int32(5), [1, 2, 3, 4]), .. Greeting]);
        // echo -n md5$(echo -n "$(echo -n secretsomeone | md5sum | cut -d' ' -f1)"$'\x01\x02\x03\x04' | md5sum)
        Assert.EndsWith("md58107c62f0bd0e203d470c84b73fa8c48\0", Encoding.ASCII.GetString(server.Sent.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_clear_is_given_to_a_server_that_asks_for_it()
    {
        (_, ServerStream server) = Start("sécret", [.. Message('R', Int32(3)), .. Greeting]);
        Assert.EndsWith("sécret\0", Encoding.UTF8.GetString(server.Sent.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(12)]
    public void A_method_that_is_not_known_is_told_with_what_is(int method)
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Start("x", Message('R', Int32(method))));
        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.Contains("scram-sha-256", failure.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void No_password_where_one_is_asked_for_says_where_to_put_it()
    {
        AiShellException failure = Assert.Throws<AiShellException>(() => Start(null, Message('R', Int32(10), Text("SCRAM-SHA-256"), [0])));
        Assert.Equal(ErrorKind.Unreachable, failure.Kind);
        Assert.Contains(".pgpass", failure.Hint, StringComparison.Ordinal);
    }

    private static (WireSession Session, ServerStream Server) Start(string? password, byte[] script)
    {
        ServerStream server = new(script, left => left);
        return (WireSession.Start(new WireChannel(server, server, null), "someone", "shop", password, null), server);
    }
}
