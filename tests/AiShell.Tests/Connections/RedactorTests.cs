using System.Text.Json;
using AiShell.Connections;
using CsCheck;

namespace AiShell.Tests.Connections;

public sealed class RedactorTests
{
    [Theory]
    [InlineData("cannot open postgresql://u:secret@h/d now", "cannot open postgresql://u:***@h/d now")]
    [InlineData("postgresql://u:se@cr/et:x@h/d", "postgresql://u:***@h/d")]
    [InlineData("mongodb+srv://u:secret@h", "mongodb+srv://u:***@h")]
    [InlineData("mysql://:secret@h", "mysql://:***@h")]
    [InlineData("{\"url\":\"mysql://u:secret@h/d\"}", "{\"url\":\"mysql://u:***@h/d\"}")]
    [InlineData("?sslmode=require&password=secret&x=1", "?sslmode=require&password=***&x=1")]
    [InlineData("Host=h;Password=secret;User=u", "Host=h;Password=***;User=u")]
    [InlineData("PGPASSWORD=secret psql", "PGPASSWORD=*** psql")]
    [InlineData("token=abc", "token=***")]
    [InlineData("aws_secret_access_key=abc", "aws_secret_access_key=***")]
    [InlineData("postgresql://u@h/d", "postgresql://u@h/d")]
    [InlineData("a:b@c", "a:b@c")]
    [InlineData("no secret here = 4", "no secret here = 4")]
    public void Patterns_are_caught_without_knowing_the_secret(string text, string expected) =>
        Assert.Equal(expected, new Redactor().Redact(text));

    [Fact]
    public void A_known_secret_goes_in_each_of_its_forms()
    {
        const string secret = "p@ss \"w\\rd/é+'q'";
        var redactor = new Redactor();
        redactor.Add(secret);
        string lower = Uri.EscapeDataString(secret).Replace("%2F", "%2f", StringComparison.Ordinal);

        foreach (string form in new[] { secret, Uri.EscapeDataString(secret), JsonSerializer.Serialize(secret)[1..^1], secret.Replace("'", "''", StringComparison.Ordinal) })
        {
            Assert.Equal("before *** after", redactor.Redact($"before {form} after"));
        }

        Assert.DoesNotContain("ss%20", redactor.Redact(lower.ToLowerInvariant().Replace("%c3%a9", "%c3%a9", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_known_secret_survives_in_any_text() =>
        Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 3, 20], Gen.String, Gen.String).Sample((secret, before, after) =>
        {
            var redactor = new Redactor();
            redactor.Add(secret);
            return !redactor.Redact(before + secret + after).Contains(secret, StringComparison.Ordinal);
        }, iter: 500);

    [Fact]
    public void Secrets_of_an_address_are_known()
    {
        var redactor = new Redactor();
        redactor.Add(new DatabaseAddress("postgresql", "h", null, "u", "hunter22", "d", new Dictionary<string, string> { ["sslpassword"] = "key-phrase", ["sslmode"] = "require" }));
        Assert.Equal("*** *** require", redactor.Redact("hunter22 key-phrase require"));
    }

    [Fact]
    public void Null_stays_null_and_short_secrets_do_not_star_out_words()
    {
        var redactor = new Redactor();
        redactor.Add("a");
        redactor.Add((string?)null);
        Assert.Null(redactor.Redact(null));
        Assert.Equal("a database", redactor.Redact("a database"));
    }
}
